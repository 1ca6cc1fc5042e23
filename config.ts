import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type ChartSources, chartsFromDirectory, chartsFromRepositories } from "./charts.ts";
import { type ReviewsVersion, reviewsVersions } from "./values/bookinfo.ts";

/** A workload cluster, as configured. */
export interface WorkloadConfig {
  readonly name: string;
  readonly ingress: { readonly replicas: number };
  readonly eastWest: { readonly replicas: number };
  /** Bookinfo's versions of `reviews`; undefined: no Bookinfo on this cluster. */
  readonly bookinfo?: { readonly reviews: readonly ReviewsVersion[] } | undefined;
}

/** The whole configuration of a lab, complete and valid. */
export interface LabConfig {
  /** Context of the host in the ambient kubeconfig; undefined: the current one. */
  readonly hostContext?: string | undefined;
  /** Range of the host's ClusterIPs. */
  readonly serviceCidr: string;
  /** Name of the management cluster. */
  readonly management: string;
  readonly workloads: readonly WorkloadConfig[];
  readonly charts: ChartSources;
  /** Solo.io license key; secret. */
  readonly licenseKey: pulumi.Output<string>;
  readonly timeoutSeconds: number;
}

// A StatefulSet labels its pods with its name and up to eleven more characters, and a label ends at 63.
const maxNameLength = 52;

/** Context of the host in the rehearsal, and in the tables that people read. */
const reserved = "host";

const clusterName = z
  .string("expected the name of a cluster")
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is no name for a cluster: lower-case letters, digits and "-" only (RFC 1123), no "-" at either end`,
  })
  .max(maxNameLength, {
    error: ({ input }) => `${JSON.stringify(input)} is longer than ${maxNameLength} characters`,
  })
  .refine((name) => name !== reserved, `"${reserved}" is what the cluster around them is called`);

const replicas = z.int("expected a whole number").min(0, "expected 0 or more").max(20, "expected 20 or less");
const gateway = z.strictObject({ replicas: replicas.default(1) }).prefault({});

const workload = z.strictObject({
  name: clusterName,
  ingress: gateway,
  eastWest: gateway,
  bookinfo: z
    .strictObject({
      reviews: z
        .array(z.enum(reviewsVersions, `expected one of ${reviewsVersions.join(", ")}`))
        .default([...reviewsVersions]),
    })
    .optional(),
});

const cidr = z.cidrv4({
  error: ({ input }) => `${JSON.stringify(input)} is no IPv4 range; expected one like 10.96.0.0/12`,
});

/** Every key of the stack's configuration, but for the license key, which must stay an output to stay secret. */
const schema = z.strictObject({
  hostContext: z.string().optional(),
  serviceCidr: cidr,
  management: clusterName,
  workloads: z
    .array(workload, "expected a list of workload clusters")
    .min(1, "expected at least one workload cluster")
    .max(20, "expected at most 20 workload clusters"),
  charts: z.string().optional(),
  timeoutSeconds: z.int("expected whole seconds").min(1, "expected 1 or more"),
  licenseKey: z.string(
    "it is not set. Gloo Mesh needs a license key from solo.io: pulumi config set --secret licenseKey KEY",
  ),
});

/** What is wrong with a value, in the terms of the configuration; `path` is where, inside the key. */
interface Mistake {
  readonly path: string;
  readonly message: string;
}

/**
 * Reads and checks the stack's configuration.
 *
 * @throws pulumi.RunError with every mistake in one message, before anything is declared
 */
export function readConfig(): LabConfig {
  const project = pulumi.getProject();
  const { settings, mistakes: found } = checkSettings(settingsOf(project, pulumi.runtime.allConfig()));
  const mistakes = [...found, ...plainLicense(project, process.env["PULUMI_CONFIG_SECRET_KEYS"])];
  if (settings === undefined || mistakes.length > 0) throw new pulumi.RunError(describe(project, mistakes));
  return { ...settings, licenseKey: new pulumi.Config().requireSecret("licenseKey") };
}

/** Whether the license key is in plain text, going by the list of secret keys that Pulumi passes to programs. */
export function plainLicense(project: string, secretKeys = "[]"): Mistake[] {
  const isSet = pulumi.runtime.allConfig()[`${project}:licenseKey`];
  if (isSet === undefined || isSet === "") return [];
  if ((JSON.parse(secretKeys) as string[]).includes(`${project}:licenseKey`)) return [];
  return [{ path: "licenseKey", message: "it is in plain text: pulumi config set --secret licenseKey KEY" }];
}

/** Keys whose values are not text; Pulumi passes these as JSON. */
const structured = new Set(["workloads", "timeoutSeconds"]);

/** The values of one project's keys; empty text, the default of optional keys, stands for a key that is not set. */
export function settingsOf(project: string, all: Readonly<Record<string, string>>): Record<string, unknown> {
  const prefix = `${project}:`;
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => [key.slice(prefix.length), text] as const)
      .filter(([, text]) => text !== "")
      .map(([key, text]) => [key, structured.has(key) ? parseJson(text) : text]),
  );
}

/** What is no JSON stays text, and fails the check of its key in the user's words. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Checks a whole configuration as plain data; finds every mistake, or none and the settings, complete. */
export function checkSettings(input: Readonly<Record<string, unknown>>): {
  readonly settings?: Omit<LabConfig, "licenseKey">;
  readonly mistakes: readonly Mistake[];
} {
  const { data, error } = schema.safeParse(input);
  const mistakes = [...(error?.issues.flatMap(explain) ?? []), ...duplicateNames(input)];

  const directory = input["charts"];
  const charts =
    typeof directory === "string"
      ? chartsFromDirectory(directory, (message) => mistakes.push({ path: "charts", message }))
      : chartsFromRepositories();

  return data === undefined || mistakes.length > 0
    ? { mistakes }
    : { settings: { ...data, charts }, mistakes };
}

function explain(issue: z.core.$ZodIssue): Mistake[] {
  const path = issue.path.reduce<string>(
    (at, key) =>
      typeof key === "number" ? `${at}[${key}]` : at === "" ? String(key) : `${at}.${String(key)}`,
    "",
  );
  if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({
    path: path === "" ? key : `${path}.${key}`,
    message: "there is no such setting",
  }));
}

/** Names are compared even where something else is wrong, so that this mistake is not found only afterwards. */
function duplicateNames({ management, workloads }: Readonly<Record<string, unknown>>): Mistake[] {
  const names = Array.isArray(workloads)
    ? workloads.map((entry: unknown) => (entry as { name?: unknown } | null)?.name)
    : [];
  const seen = new Map<unknown, string>([[management, "management"]]);
  return names.flatMap((name, index) => {
    const path = `workloads[${index}].name`;
    const first = typeof name === "string" ? seen.get(name) : undefined;
    if (first !== undefined) return [{ path, message: `"${String(name)}" is already the name of ${first}` }];
    seen.set(name, path);
    return [];
  });
}

/** One message for all mistakes. */
export function describe(project: string, mistakes: readonly Mistake[]): string {
  const lines = mistakes.map(({ path, message }) => `  ${project}:${path}: ${message}`);
  return [`The configuration of this stack has mistakes (${mistakes.length}):`, ...lines].join("\n");
}
