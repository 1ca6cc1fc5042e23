/** What is wrong with a value, in the terms of the configuration. */
export interface Mistake {
  /** Where it is, e.g. `workloads[0].name`. */
  readonly path: string;
  readonly message: string;
}

/** A configuration, or a part of one, that nobody has looked at yet. */
export type Input = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Input =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value as a mapping, which is empty where it is none. */
export const mapping = (value: unknown): Input => (isMapping(value) ? value : {});

/** A value as a list of mappings, which is empty where it is none. */
export const list = (value: unknown): readonly Input[] => (Array.isArray(value) ? value.map(mapping) : []);

/** The mistake, if there is one. */
export const mistakeIf = (wrong: boolean, path: string, message: string): Mistake[] =>
  wrong ? [{ path, message }] : [];
