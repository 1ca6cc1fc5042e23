import { z } from "zod";
import { defaultHost, hostNames } from "./settings.ts";

export const choiceSchema = z.object({
  /** Which of `rehearsal/hosts/`. */
  host: z.string(),
});

/** What is chosen when a host is made, and holds for as long as there is that host. */
export type HostChoice = Readonly<z.infer<typeof choiceSchema>>;

/** The variable that chooses each. */
const variables: Readonly<Record<keyof HostChoice, string>> = { host: "HOST" };

const defaults: HostChoice = { host: defaultHost };

type Environment = Readonly<Record<string, string | undefined>>;

/** What the variables of an environment ask for; a stack asks for the host of its own name, if there is one. */
export function askedOf(environment: Environment, stack?: string): Partial<HostChoice> {
  const host = environment[variables.host] || (hostNames().find((name) => name === stack) ?? "");
  return host === "" ? {} : { host };
}

/** The choice with which a run goes on: that of the host that there is, else what is asked for. */
export function choose(asked: Partial<HostChoice>, made: HostChoice | undefined): HostChoice {
  if (made === undefined) return { ...defaults, ...asked };
  for (const key of Object.keys(variables) as (keyof HostChoice)[]) {
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
  Object.fromEntries(
    Object.entries(choice).map(([key, value]) => [variables[key as keyof HostChoice], value]),
  );
