import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { delayProfiles, delaysSchema } from "./delays.ts";
import { type HostChoice, podKinds } from "./choice.ts";
import { readFileIfAny } from "../kit/files.ts";

const quantity = z
  .union([z.string(), z.number()], "expected a quantity like 3, 500m or 24Gi")
  .transform(String)
  .pipe(
    z.string().regex(/^[1-9]\d*(\.\d+)?(m|k|[KMGT]i|[MGT])?$/, {
      error: ({ input }) => `${JSON.stringify(input)} is no quantity; expected one like 3, 500m or 24Gi`,
    }),
  );

/** Nodes that are all alike. */
const nodeGroup = z.strictObject({
  count: z.int().positive(),
  /** What each offers to pods, as Kubernetes writes it: 3, 500m, 24Gi. */
  cpu: quantity,
  memory: quantity,
  pods: z.int().positive().default(110),
  labels: z.record(z.string(), z.string()).default({}),
  taints: z
    .array(
      z.strictObject({
        key: z.string().min(1),
        value: z.string().exactOptional(),
        effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
      }),
    )
    .default([]),
});

/** Each node needs an address and a range of pod addresses of its own. */
const mostNodes = 250;

/** A kind of host, as a file of `rehearsal/profile/hosts/` describes it. */
const profileSchema = z.strictObject({
  /** What it is, in words that go on from its name. */
  description: z.string().min(1),
  nodes: z
    .array(nodeGroup)
    .min(1)
    .refine(
      (groups) => groups.reduce((sum, { count }) => sum + count, 0) <= mostNodes,
      `at most ${mostNodes} nodes`,
    ),
  /** Range of its ClusterIPs. */
  serviceCidr: z.cidrv4({
    error: ({ input }) => `${JSON.stringify(input)} is no IPv4 range; expected one like 10.96.0.0/16`,
  }),
  /** What a Service of type LoadBalancer gets: an IP address, a host name, or nothing, as there is no load balancer. */
  loadBalancer: z.enum(["ip", "hostname", "none"]),
  /** Name of the default storage class; absent: there is no class, and no volume for a claim. */
  storageClass: z.string().min(1).exactOptional(),
});

const settingsSchema = profileSchema.extend({
  delays: delaysSchema,
  seed: z.int(),
  pods: z.enum(podKinds),
});
const overridesSchema = profileSchema
  .omit({ description: true })
  .partial()
  .extend({ delays: delaysSchema.partial().optional() });

/** A kind of host. */
export type Profile = Readonly<z.infer<typeof profileSchema>>;

/** What the simulated host is like and how fast it is. */
export type HostSettings = Readonly<z.infer<typeof settingsSchema>>;

/** The host of a stack that has none of its own name. */
export const defaultHost = "default";

const folder = join(import.meta.dirname, "hosts");

/** Names of the hosts that can be chosen. */
export const hostNames = (): string[] =>
  readdirSync(folder).flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? []);

/** The host of this name. */
export function readProfile(name: string): Profile {
  const names = hostNames();
  if (!names.includes(name)) {
    throw new Failure(
      `HOST is "${name}": there is no such host to simulate. There is: ${names.join(", ")}.`,
      exitCodes.usage,
    );
  }
  return checkProfile(
    `rehearsal/profile/hosts/${name}.yaml`,
    readFileIfAny(join(folder, `${name}.yaml`)) ?? "",
  );
}

/** The host that the text of a file describes. */
export function checkProfile(file: string, text: string): Profile {
  const { data, error } = profileSchema.safeParse(parse(text));
  if (data === undefined) throw new Error(`${file} does not describe a host:\n${z.prettifyError(error)}`);
  return data;
}

/** The settings that a choice means, with the fields of REHEARSAL_SETTINGS, a JSON object, in place of their own. */
export function readSettings(
  { host, delays: timing, seed, pods }: HostChoice,
  overrides: string | undefined = process.env["REHEARSAL_SETTINGS"],
): HostSettings {
  const profile = readProfile(host);
  try {
    const given = overrides === undefined || overrides === "" ? {} : (JSON.parse(overrides) as unknown);
    const { delays, ...fields } = overridesSchema.parse(given);
    return settingsSchema.parse({
      ...profile,
      ...fields,
      seed,
      pods,
      delays: { ...delayProfiles[timing], ...delays },
    });
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Failure(
      `REHEARSAL_SETTINGS must be a JSON object such as {"loadBalancer": "none", "delays": {"podReady": 8}}:\n${why}`,
      exitCodes.usage,
    );
  }
}
