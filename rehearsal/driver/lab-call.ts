import { parseArgs } from "node:util";

/**
 * What a verb of the lab tells of in the rehearsal: the lab as it stands, with the configuration of the run that built it,
 * or as the stack's file has it now, which the next run will build.
 */
export type Side = "standing" | "next";

/** Each verb's side; `--plan` turns a picture to the next lab. */
export const sides: Readonly<Record<string, Side>> = {
  doctor: "next",
  kubeconfig: "standing",
  status: "standing",
  verify: "standing",
  try: "standing",
  ui: "standing",
  graph: "standing",
  pause: "standing",
  rebuild: "standing",
  resume: "standing",
  pods: "standing",
  images: "next",
  collect: "standing",
};

/** Verbs that reach no host: they tell of any stack, whichever is rehearsed. */
const hostless: ReadonlySet<string> = new Set(["images", "graph --plan"]);

/** A call of a verb, as far as the driver looks at it; what is wrong with it, the verb says. */
export interface LabCall {
  /** The stack that it names. */
  readonly stack: string | undefined;
  readonly side: Side;
  readonly needsHost: boolean;
}

/** What the arguments of a verb call for. */
export function labCallOf(args: readonly string[]): LabCall {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    options: { stack: { type: "string", short: "s" }, plan: { type: "boolean" } },
  });
  const [verb = ""] = positionals;
  const isPlan = verb === "graph" && values.plan !== undefined;
  return {
    stack: typeof values.stack === "string" ? values.stack : undefined,
    side: isPlan ? "next" : (sides[verb] ?? "standing"),
    needsHost: !hostless.has(isPlan ? "graph --plan" : verb),
  };
}
