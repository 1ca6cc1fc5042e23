import { execFile } from "node:child_process";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { chartPins } from "../../../versions/charts.ts";
import { type VersionSetName, versionSetOf } from "../../../versions/versions.ts";
import { root } from "../../kit/paths.ts";
import { moduleChart } from "../../toolchain/module-charts.ts";

export const chartsDir = join(root, "rehearsal/charts");

/** Where a chart of a set is: of a module, or the stand-in. */
export const folderOf = (chart: string, versionSet: VersionSetName = "article"): string => {
  const pin = Object.values(chartPins(versionSetOf(versionSet))).find((one) => one.chart === chart);
  return (pin && moduleChart(pin)) ?? join(chartsDir, chart);
};

/** The real Helm, which make has seen to before the tests. */
export const helm = join(root, ".rehearsal/bin/helm");

export type Values = Record<string, unknown>;
export type Labels = Record<string, string>;

export interface Release {
  readonly chart: string;
  readonly name: string;
  readonly namespace: string;
  readonly values: Values;
  /** The set that the chart is of; default: the article's. */
  readonly versionSet?: VersionSetName;
  /** The Kubernetes that it is for; by itself, the Helm that is built here takes it for 1.20. */
  readonly kubernetes?: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources?: { readonly requests?: Labels };
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly data?: Labels;
  readonly webhooks?: readonly {
    readonly name: string;
    readonly failurePolicy: string;
    readonly clientConfig: unknown;
    readonly namespaceSelector?: { readonly matchExpressions: readonly Expression[] };
    readonly objectSelector?: { readonly matchExpressions: readonly Expression[] };
  }[];
  readonly spec?: {
    readonly type?: string;
    readonly ports?: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort?: number;
    }[];
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly template?: {
      readonly metadata: { readonly labels: Labels; readonly annotations?: Labels };
      readonly spec: {
        readonly securityContext?: unknown;
        readonly initContainers?: readonly Container[];
        readonly containers: readonly Container[];
      };
    };
  };
}

export interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Renders a chart; values go in through stdin, so that a license key is on no command line. */
export function template({
  chart,
  name,
  namespace,
  values,
  versionSet,
  kubernetes,
}: Release): Promise<string> {
  const args = ["template", name, folderOf(chart, versionSet), "--namespace", namespace, "--values", "-"];
  if (kubernetes !== undefined) args.push("--kube-version", kubernetes);
  return new Promise((resolve, reject) => {
    const child = execFile(helm, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr || `${error.message}: make tools builds it`));
      else resolve(stdout);
    });
    child.stdin?.end(JSON.stringify(values));
  });
}

/** The objects of a release, by name. */
export async function render(release: Release): Promise<readonly Manifest[]> {
  const manifests = documents(await template(release)) as Manifest[];
  return manifests.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

/** What a chart says against all these values together. */
export const refusal = (chart: string, values: Values): Promise<string> =>
  template({ chart, name: "release", namespace: "namespace", values }).then(
    () => "it took them",
    (error: unknown) => (error as Error).message,
  );

export function documents(text: string): unknown[] {
  const parsed = parseAllDocuments(text, { merge: true });
  if (!Array.isArray(parsed)) return [];
  return parsed.map((document) => document.toJS({ maxAliasCount: -1 }) as unknown).filter(Boolean);
}

export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} among ${manifests.map(titleOf).join(", ")}`);
  return found;
}

export const titleOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
export const decode = (text: string | undefined): string => Buffer.from(text ?? "", "base64").toString();

export const containersOf = ({ spec }: Manifest): readonly Container[] =>
  spec?.template?.spec.containers ?? [];

export const argsOf = (manifest: Manifest, container: string): readonly string[] =>
  containersOf(manifest).find(({ name }) => name === container)?.args ?? [];

/** `NAME: TYPE port:number[>targetPort] ...`, the last where it differs. */
export function serviceLine({ metadata, spec }: Manifest): string {
  const ports = (spec?.ports ?? []).map(({ name, port, targetPort = port }) =>
    targetPort === port ? `${name}:${port}` : `${name}:${port}>${targetPort}`,
  );
  return `${metadata.name}: ${[spec?.type ?? "ClusterIP", ...ports.sort()].join(" ")}`;
}

/** `WORKLOAD/CONTAINER CPU MEMORY`, as requested. */
export const containerLines = (manifest: Manifest): readonly string[] =>
  containersOf(manifest).map(
    ({ name, resources }) =>
      `${manifest.metadata.name}/${name} ${resources?.requests?.["cpu"] ?? "-"} ${resources?.requests?.["memory"] ?? "-"}`,
  );
