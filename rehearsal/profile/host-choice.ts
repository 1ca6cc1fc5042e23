import { exitCodes, Failure } from "../../messages/failure.ts";
import { choiceSchema, type HostChoice, type PodKind } from "./choice.ts";
import { defaultHost, hostNames } from "./settings.ts";

/** The variable that chooses each. */
const variables: Readonly<Record<keyof HostChoice, string>> = {
  pods: "PODS",
  host: "HOST",
  delays: "DELAYS",
  seed: "SEED",
};
const keys = Object.keys(variables) as (keyof HostChoice)[];

const defaults: Omit<HostChoice, "pods"> = { host: defaultHost, delays: "none", seed: 1 };

/** What a run asks for; undefined is left to the host that there is, or to the defaults. */
export type Asked = { readonly [Key in keyof HostChoice]?: HostChoice[Key] | undefined };

type Environment = Readonly<Record<string, string | undefined>>;

/** What the variables of an environment ask for; a stack asks for the host of its own name, if there is one. */
export function askedOf(environment: Environment, stack?: string): Asked {
  const own = hostNames().filter((name) => name === stack);
  const given = keys.flatMap((key) => {
    const text = environment[variables[key]] || (key === "host" ? own[0] : undefined);
    return text === undefined || text === "" ? [] : [[key, text] as const];
  });
  const { data, error } = choiceSchema.partial().safeParse(Object.fromEntries(given));
  if (data !== undefined) return data;
  const [issue] = error.issues;
  const key = issue?.path[0] as keyof HostChoice;
  throw new Failure(
    `${variables[key]} is "${environment[variables[key]] ?? ""}": ${issue?.message ?? ""}.`,
    exitCodes.usage,
  );
}

/** The choice with which a run goes on: that of the host that there is, else what is asked for, else `pods` and defaults. */
export function choose(asked: Asked, made: HostChoice | undefined, pods: PodKind = "simulated"): HostChoice {
  if (made === undefined) return choiceSchema.parse({ ...defaults, pods, ...asked });
  for (const key of keys) {
    if (asked[key] === undefined || asked[key] === made[key]) continue;
    const [wanted, there] = [asked[key], made[key]].map((value) => `${variables[key]}=${value}`);
    throw new Error(
      `This run asks for ${wanted}, and there is a host that was made with ${there}: ` +
        `make rehearse-down first, or go on with ${there}.`,
    );
  }
  return made;
}

/** The environment that asks for exactly this choice. */
export const environmentFor = (choice: HostChoice): Record<string, string> =>
  Object.fromEntries(keys.map((key) => [variables[key], String(choice[key])]));
