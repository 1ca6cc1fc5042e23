import { z } from "zod";

const seconds = z.number().nonnegative();
const settingsSchema = z.strictObject({
  /** How many nodes the host has, and what each offers. */
  nodes: z.int().positive(),
  cpu: z.string().min(1),
  memory: z.string().min(1),
  pods: z.int().positive(),
  region: z.string().min(1),
  /** One zone per node in turn. */
  zones: z.array(z.string().min(1)).min(1),
  /** Seconds that simulated parts take, as the real ones would take their time. */
  delays: z.strictObject({ podReady: seconds, loadBalancer: seconds, kubeconfigSecret: seconds }),
});

/** What the simulated host looks like and how fast it is. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** A machine of 3 CPUs on which everything happens nearly at once. */
export const defaults: Settings = {
  nodes: 1,
  cpu: "3",
  memory: "24Gi",
  pods: 110,
  region: "rehearsal",
  zones: ["rehearsal-a", "rehearsal-b", "rehearsal-c"],
  delays: { podReady: 0, loadBalancer: 0.2, kubeconfigSecret: 1.5 },
};

/** The settings with REHEARSAL_SETTINGS laid over them: a JSON object with any of the fields above. */
export function readSettings(text: string | undefined = process.env["REHEARSAL_SETTINGS"]): Settings {
  if (text === undefined || text === "") return defaults;
  const given = settingsSchema.partial().extend({ delays: settingsSchema.shape.delays.partial().optional() });
  try {
    const { delays, ...rest } = given.parse(JSON.parse(text));
    return settingsSchema.parse({ ...defaults, ...rest, delays: { ...defaults.delays, ...delays } });
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(
      `REHEARSAL_SETTINGS must be a JSON object such as {"nodes": 2, "delays": {"podReady": 8}}:\n${why}`,
    );
  }
}

/** The settings of this process. */
export const settings: Settings = readSettings();
