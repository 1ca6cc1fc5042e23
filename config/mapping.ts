/** Values of a configuration that nobody has looked at yet. */
export type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value as a mapping, which is empty where it is none. */
export const mapping = (value: unknown): Mapping => (isMapping(value) ? value : {});

/** A value as a list of mappings, which is empty where it is none. */
export const list = (value: unknown): readonly Mapping[] => (Array.isArray(value) ? value.map(mapping) : []);
