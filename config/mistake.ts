/** What is wrong with a value, in the terms of the configuration. */
export interface Mistake {
  /** Where it is, e.g. `workloads[0].name`. */
  readonly path: string;
  readonly message: string;
}

/** The mistake, if there is one. */
export const mistakeIf = (wrong: boolean, path: string, message: string): Mistake[] =>
  wrong ? [{ path, message }] : [];
