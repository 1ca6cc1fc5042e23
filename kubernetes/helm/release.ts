import { isDeepStrictEqual } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1Secret,
} from "@kubernetes/client-node";
import { ifExists } from "../connection/cluster.ts";
import { objectsOf, unionOf } from "./manifest.ts";
import { deleteObjects } from "./delete-objects.ts";

/** A Helm release by name. */
export interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

/** A revision of a release, as far as it is looked at. */
interface Revision {
  readonly info: { readonly status: string };
  readonly manifest: string;
  /** Values that it was given. */
  readonly config?: unknown;
  readonly chart: { readonly metadata: { readonly version: string } };
}

/** What a release is to be made of. */
export interface Wanted {
  readonly version: string;
  readonly values: unknown;
}

const versionOf = ({ metadata }: V1Secret): number => Number(metadata?.labels?.["version"]);
const statusIn = ({ metadata }: V1Secret): string => metadata?.labels?.["status"] ?? "";
const revisionIn = ({ data }: V1Secret): Revision => decodeRevision(data?.["release"] ?? "") as Revision;

/** What Helm keeps of a release, but for what has been replaced since: a Secret for each revision, the oldest first. */
async function revisionsOf(core: CoreV1Api, release: ReleaseName): Promise<V1Secret[]> {
  return (await look(core, release)).secrets;
}

async function look(core: CoreV1Api, { namespace, name }: ReleaseName) {
  const labelSelector = `owner=helm,name=${name},status!=superseded`;
  const { items, metadata } = await core.listNamespacedSecret({ namespace, labelSelector });
  const secrets = items.toSorted((a, b) => versionOf(a) - versionOf(b));
  return { secrets, at: metadata?.resourceVersion ?? "" };
}

/** A release's last revision. */
export interface LastRevision {
  readonly version: number;
  /** E.g. `pending-install`. */
  readonly status: string;
  /** Its objects, as YAML; unpacked only where it is asked for. */
  readonly manifest: string;
}

/** The last revision of a release; undefined: there is no such release. */
export async function lastOf(core: CoreV1Api, release: ReleaseName): Promise<LastRevision | undefined> {
  const last = (await revisionsOf(core, release)).at(-1);
  return (
    last && {
      version: versionOf(last),
      status: statusIn(last),
      get manifest() {
        return revisionIn(last).manifest;
      },
    }
  );
}

/** Helm keeps a revision as JSON in gzip in base64, and Secrets have base64 of their own. */
export function decodeRevision(encoded: string): unknown {
  const text = Buffer.from(Buffer.from(encoded, "base64").toString(), "base64");
  return JSON.parse(gunzipSync(text).toString());
}

const encodeRevision = (revision: Revision): string =>
  Buffer.from(gzipSync(JSON.stringify(revision)).toString("base64")).toString("base64");

/**
 * Makes the next upgrade of a release start from all that its last ones left, where they did not succeed: Helm removes
 * what the last revision that succeeded has and the new one lacks; what others brought since would stay for ever, and
 * one that was cut off would refuse the upgrade. A stack's lock keeps other runs away, and nobody but the stack
 * installs anything in its namespaces.
 *
 * @returns the status of the release, if it is not `deployed`; `undefined` where Helm is content with it
 */
export async function makeUpgradable(core: CoreV1Api, release: ReleaseName): Promise<string | undefined> {
  const secrets = await revisionsOf(core, release);
  const last = secrets.at(-1);
  if (last === undefined) {
    await seed(core, release);
    return "not installed";
  }
  const status = statusIn(last);
  if (status === "deployed") return undefined;

  const deployed = secrets.findLastIndex((secret) => statusIn(secret) === "deployed");
  const base = secrets[deployed] ?? last;
  const manifest = unionOf(secrets.slice(Math.max(deployed, 0)).map((secret) => revisionIn(secret).manifest));
  const failed = base === last ? { info: { ...revisionIn(last).info, status: "failed" } } : {};
  await rewrite(core, base, { manifest, ...failed });
  if (base !== last) await markFailed(core, release);
  return status;
}

/** Gives the last revision the status `failed`, as Helm does itself where it is not killed; an upgrade goes on from there. */
export async function markFailed(core: CoreV1Api, release: ReleaseName): Promise<void> {
  const last = (await revisionsOf(core, release)).at(-1);
  if (last !== undefined) await rewrite(core, last, { info: { ...revisionIn(last).info, status: "failed" } });
}

/** Changes a revision, unless somebody else did since it was read. */
async function rewrite(core: CoreV1Api, secret: V1Secret, changes: Partial<Revision>): Promise<void> {
  const before = revisionIn(secret);
  const revision = { ...before, ...changes };
  if (isDeepStrictEqual(revision, before)) return;
  const { name = "", namespace = "", labels } = secret.metadata ?? {};
  Object.assign((secret.metadata ??= {}), { labels: { ...labels, status: revision.info.status } });
  secret.data = { release: encodeRevision(revision) };
  await core.replaceNamespacedSecret({ name, namespace, body: secret });
}

/** Lets Helm upgrade a release that somebody uninstalled: it starts from a first revision that has nothing. */
async function seed(core: CoreV1Api, { namespace, name }: ReleaseName): Promise<void> {
  const now = new Date().toISOString();
  const info = {
    first_deployed: now,
    last_deployed: now,
    description: "Was not installed",
    status: "failed",
  };
  const chart = { metadata: { name, version: "0.0.0" } };
  const revision = { name, namespace, version: 1, info, chart, config: {}, manifest: "" };
  const labels = { owner: "helm", name, status: info.status, version: "1" };
  await core.createNamespacedSecret({
    namespace,
    body: {
      type: "helm.sh/release.v1",
      metadata: { name: `sh.helm.release.v1.${name}.v1`, labels },
      data: { release: encodeRevision(revision) },
    },
  });
}

/** What is due about a release: an upgrade that changes it, or one that completes it and has this description. */
export interface Due {
  readonly description?: string;
}

/** What was found of a release. */
interface Comparison {
  /** Undefined: it is as it is wanted, or there is nothing that an upgrade would mend. */
  readonly due?: Due;
  /** Its last revision, where that is as it is wanted. */
  readonly last?: LastRevision;
}

/** Whether a release is as it is wanted. */
export async function compared(core: CoreV1Api, release: ReleaseName, wanted: Wanted): Promise<Comparison> {
  const { secrets, at } = await look(core, release);
  const last = secrets.at(-1);
  // Without its namespace it is not there for a reason that no upgrade mends.
  if (last === undefined && !(await hasNamespace(core, release))) return {};
  // Each has a description of its own: one that it has already would be no reason for an upgrade.
  if (last === undefined) return { due: { description: `Installation into the cluster's state ${at}` } };
  const [version, status] = [versionOf(last), statusIn(last)];
  if (status !== "deployed")
    return { due: { description: `Completion of revision ${version}, which was ${status}` } };
  const revision = revisionIn(last);
  if (!isOf(revision, wanted)) return { due: {} };
  return { last: { version, status, manifest: revision.manifest } };
}

/** Whether there is a namespace for a release. */
export async function hasNamespace(core: CoreV1Api, { namespace }: ReleaseName): Promise<boolean> {
  const found = await ifExists(core.readNamespace({ name: namespace }));
  return found !== undefined && found.metadata?.deletionTimestamp === undefined;
}

const isOf = ({ config, chart }: Revision, { version, values }: Wanted): boolean =>
  chart.metadata.version === version && isDeepStrictEqual(config ?? {}, JSON.parse(JSON.stringify(values)));

/**
 * Makes room for the installation of a release that a run which was cut off left, and of which the stack knows
 * nothing. What was installed as it is wanted is left as it is: the installation adopts it. Else what it consists of
 * is deleted: what is adopted would keep the fields that only the old one had.
 */
export async function makeInstallable(
  cluster: KubeConfig,
  release: ReleaseName,
  wanted: Wanted,
): Promise<void> {
  const core = cluster.makeApiClient(CoreV1Api);
  const secrets = await revisionsOf(core, release);
  const revisions = secrets.map(revisionIn);
  const last = revisions.at(-1);
  if (last?.info.status !== "deployed" || !isOf(last, wanted)) {
    await deleteObjects(
      cluster,
      release.namespace,
      objectsOf(unionOf(revisions.map(({ manifest }) => manifest))),
    );
    await askNobodyIn(cluster, release.namespace);
  }
  const { namespace } = release;
  await Promise.all(
    secrets.map(({ metadata }) =>
      ifExists(core.deleteNamespacedSecret({ namespace, name: metadata?.name ?? "" })),
    ),
  );
}

/**
 * Lets an API server do without the webhooks of a namespace from which all was just deleted, and which are part of
 * another release: nobody would answer. Istio's base chart has one that asks istiod and may be ignored; istiod makes it
 * strict, and does so again when it is back.
 */
async function askNobodyIn(cluster: KubeConfig, namespace: string): Promise<void> {
  const admission = cluster.makeApiClient(AdmissionregistrationV1Api);
  const { items } = await admission.listValidatingWebhookConfiguration();
  for (const { metadata, webhooks = [] } of items) {
    const patch = webhooks.flatMap(({ clientConfig, failurePolicy }, index) =>
      clientConfig.service?.namespace === namespace && failurePolicy !== "Ignore"
        ? [{ op: "replace", path: `/webhooks/${index}/failurePolicy`, value: "Ignore" }]
        : [],
    );
    const name = metadata?.name ?? "";
    if (patch.length > 0) await admission.patchValidatingWebhookConfiguration({ name, body: patch });
  }
}
