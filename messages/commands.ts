/** Set where the rehearsal runs what is then started: the program, its steps and the lab's verbs. */
export const rehearsalMark = { name: "MESH_LAB_REHEARSAL", value: "make" } as const;

/** Where the rehearsal tells verbs that there is no lab for them, and what to do about it. */
export const refusalVariable = "MESH_LAB_REFUSAL";

/** Whether this process works for a rehearsal, in which everything is called through make. */
export const isRehearsed = (): boolean => process.env[rehearsalMark.name] === rehearsalMark.value;

/** The argument of make that holds a whole call, in the quotes that the call has none of. */
const inMake = (target: string, call: string): string => {
  const quote = call.includes('"') ? "'" : '"';
  return `make ${target} ARGS=${quote}${call}${quote}`;
};

/**
 * A verb of the lab, as one types it here.
 *
 * @param call e.g. `resume devcluster2`
 */
export const labCommand = (call: string): string =>
  isRehearsed() ? inMake("lab", call) : `npm run lab -- ${call}`;

/** What make has a target for. */
const targets: Readonly<Record<string, string>> = {
  up: "make rehearse",
  preview: "make preview",
  destroy: "make rehearse-down",
};

/**
 * A command of Pulumi, as one types it here.
 *
 * @param call e.g. `up --refresh`
 */
export const pulumiCommand = (call: string): string =>
  isRehearsed() ? (targets[call] ?? inMake("pulumi", call)) : `pulumi ${call}`;

/** How a setting is set. */
export interface SettingOptions {
  readonly secret?: boolean;
  /** The key is a path into a key of the configuration, e.g. `capabilities.oidc`. */
  readonly path?: boolean;
  /** What Pulumi takes the value for, where it would take it for another type. */
  readonly type?: "string" | "bool" | "int" | "float";
}

/**
 * What sets a key of the stack's configuration here: a rehearsal takes it from the stack's file, and what Pulumi sets lasts
 * until the next one.
 *
 * @param value as a shell reads it; none: Pulumi asks for it
 */
export function setting(
  key: string,
  value: string,
  { secret = false, path = false, type }: SettingOptions = {},
): string {
  if (isRehearsed()) {
    const file = `Pulumi.${process.env["PULUMI_STACK"] ?? "STACK"}.yaml`;
    return secret
      ? `take ${key} out of ${file}, a rehearsal needs none`
      : `set ${key} to ${value} in ${file}`;
  }
  const flags = [...(secret ? ["--secret"] : []), ...(path ? ["--path"] : [])];
  const typed = type === undefined ? [] : ["--type", type];
  return ["pulumi config set", ...flags, key, value, ...typed].filter((part) => part !== "").join(" ");
}
