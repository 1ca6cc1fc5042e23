import type { V1Secret } from "@kubernetes/client-node";
import { decodeRevision } from "../../kubernetes/helm/release.ts";
import { withoutSecretValues } from "./secrets.ts";

/** Type of the Secrets in which Helm keeps releases. */
export const helmType = "helm.sh/release.v1";

/** A revision of a release, as far as one looks at it. */
interface Revision {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly info?: {
    readonly status?: string;
    readonly description?: string;
    readonly first_deployed?: string;
    readonly last_deployed?: string;
  };
  readonly chart?: { readonly metadata?: { readonly name?: string; readonly version?: string } };
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The last revision of each release among some Secrets, as `helm status` and `helm get values` tell of it. */
export function releasesIn(secrets: readonly V1Secret[]): object[] {
  const revisions = secrets.filter(({ type }) => type === helmType).map(revisionIn);
  const oldestFirst = revisions.toSorted((a, b) => a.version - b.version);
  const newest = new Map(oldestFirst.map((entry) => [`${entry.namespace}/${entry.name}`, entry]));
  return [...newest.values()].map(({ name, namespace, version, info, chart, config }) => ({
    release: name,
    namespace,
    revision: version,
    status: info?.status,
    description: info?.description,
    firstDeployed: info?.first_deployed,
    lastDeployed: info?.last_deployed,
    chart: chart?.metadata?.name,
    version: chart?.metadata?.version,
    values: withoutSecretValues(config ?? {}),
  }));
}

const revisionIn = ({ data }: V1Secret): Revision => decodeRevision(data?.["release"] ?? "") as Revision;
