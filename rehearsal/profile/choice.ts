import { z } from "zod";
import { delayProfiles } from "./delays.ts";

const delayNames = Object.keys(delayProfiles) as (keyof typeof delayProfiles)[];

/** How pods run: as containers on a node, or not at all, as KWOK has them. */
export const podKinds = ["containers", "simulated"] as const;
export type PodKind = (typeof podKinds)[number];

export const choiceSchema = z.object({
  pods: z.enum(podKinds, `expected ${podKinds.join(" or ")}`),
  /** Which of `rehearsal/profile/hosts/`. */
  host: z.string(),
  /** How fast it is. */
  delays: z.enum(delayNames, `expected ${delayNames.join(" or ")}`),
  /** Which of the times that are possible then. */
  seed: z.coerce.number("expected a whole number").int("expected a whole number"),
});

/** What is chosen when a host is made, and holds for as long as there is that host. */
export type HostChoice = Readonly<z.infer<typeof choiceSchema>>;
