/** Values of a configuration that nobody has looked at yet. */
export type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Values without the keys that are empty: these are not set. Those of Helm stay, to which an empty key takes a chart's
 * default away.
 */
export const withoutEmpty = (input: Mapping): Mapping =>
  Object.fromEntries(
    Object.entries(input).flatMap(([key, value]) =>
      value === null ? [] : [[key, key === "values" ? withoutNull(value) : emptied(value)]],
    ),
  );

const emptied = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(emptied) : isMapping(value) ? withoutEmpty(value) : value;

const withoutNull = (value: unknown): unknown =>
  isMapping(value)
    ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
    : value;

/** A value as a mapping, which is empty where it is none. */
export const mapping = (value: unknown): Mapping => (isMapping(value) ? value : {});

/** A value as a list of mappings, which is empty where it is none. */
export const list = (value: unknown): readonly Mapping[] => (Array.isArray(value) ? value.map(mapping) : []);
