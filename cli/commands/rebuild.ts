import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { labCommand, pulumiCommand } from "../../messages/commands.ts";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { strangeness } from "../../kubernetes/vcluster/identity.ts";
import { poll } from "../../kubernetes/waits/poll.ts";
import { askHost } from "../clusters/ask-host.ts";
import { controlPlaneOf } from "../../kubernetes/vcluster/control-plane.ts";
import { Failure } from "../../messages/failure.ts";
import { type ExportedState, withoutCluster } from "../stack/forget.ts";
import { clustersIn, hostOf, type Outputs, readOutputs, readSettings } from "../stack/lab.ts";
import { step } from "../terminal/progress.ts";
import { pulumi } from "../stack/pulumi.ts";
import { recordPause } from "../stack/recorded-pause.ts";
import { inTemporaryDirectory } from "../terminal/temporary.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

/** What became of a cluster. */
interface ForgottenCluster {
  readonly cluster: string;
  /** Why it was not the one that the stack knew; absent: it was. */
  readonly reason?: string;
  /** How many resources of the stack went with it. */
  readonly forgotten: number;
}

export const rebuild = verb(
  "rebuild",
  "Removes clusters that are not the ones the stack knows, with their namespaces, so that the next run makes them again",
  "rebuild devcluster2",
)
  .argument("[cluster...]", "only these; default: all that are not the ones the stack knows")
  .option("--force", "also clusters that are: what is inside is lost")
  .action((clusters, options) => present(options, rebuilt(clusters, options.force === true)));

async function rebuilt(names: readonly string[], isForced: boolean): Promise<Report> {
  const [settings, outputs] = await Promise.all([readSettings(), readOutputs().catch(() => undefined)]);
  if (names.length === 0 && isForced) throw new Failure("Which clusters? --force needs their names.", 2);
  const host = hostOf(settings);
  // Also one that the configuration no longer has: it may stand in the way of its own removal.
  const all = [...new Set([...clustersIn(settings), ...(outputs?.contexts ?? [])])];
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new Failure(`The lab has no cluster ${unknown.join(", ")}; it has ${all.join(", ")}.`);
  const clusters = names.length === 0 ? all : names;
  const reasons = new Map(
    await Promise.all(
      clusters.map(async (cluster) => [cluster, await reasonFor(host, outputs, cluster)] as const),
    ),
  );
  const meant = isForced ? clusters : clusters.filter((cluster) => reasons.get(cluster) !== undefined);
  const fine = names.filter((name) => !meant.includes(name));
  if (fine.length > 0)
    throw new Failure(
      `${fine.join(", ")}: the host has what the stack knows. To lose what is inside and make it again: ${labCommand(`rebuild ${fine.join(" ")} --force`)}.`,
    );
  if (meant.length === 0) return { facts: [], text: "The host has every cluster as the stack knows it." };

  await Promise.all(meant.map((cluster) => expectOurs(host, cluster)));
  await Promise.all(
    meant.map((cluster) =>
      step(`${cluster}: its namespace goes`, () => removeNamespace(host, cluster, settings.timeoutSeconds)),
    ),
  );
  // What is empty cannot be paused.
  await recordPause(settings, meant, false);
  const forgotten = await step("the stack forgets what was inside", () => forget(meant));
  const facts = meant.map((cluster, index): ForgottenCluster => {
    const reason = reasons.get(cluster);
    return { cluster, ...(reason === undefined ? {} : { reason }), forgotten: forgotten[index] ?? 0 };
  });
  const lines = facts.map(
    ({ cluster, forgotten: count }) => `${cluster} is gone, and ${count} resources with it.`,
  );
  return { facts, text: [...lines, `What makes it again: ${pulumiCommand("up")}`].join("\n") };
}

async function reasonFor(
  host: KubeConfig,
  outputs: Outputs | undefined,
  cluster: string,
): Promise<string | undefined> {
  if (outputs?.contexts.includes(cluster) !== true) return undefined;
  return askHost(host, () => strangeness(host, { cluster, kubeconfig: outputs.kubeconfig }));
}

/** @throws Failure where the namespace of a cluster is somebody else's */
async function expectOurs(host: KubeConfig, cluster: string): Promise<void> {
  const [namespace, controlPlane] = await askHost(host, () =>
    Promise.all([
      ifExists(host.makeApiClient(CoreV1Api).readNamespace({ name: cluster })),
      controlPlaneOf(host, cluster),
    ]),
  );
  const isOurs = namespace === undefined || controlPlane?.metadata?.labels?.["app"] === "vcluster";
  const managers = namespace?.metadata?.managedFields?.map(({ manager }) => manager) ?? [];
  if (!isOurs && !managers.some((manager) => manager?.startsWith("pulumi-kubernetes") === true))
    throw new Failure(
      `Namespace ${cluster} on the host is not the lab's, and stays: kubectl get all -n ${cluster}. Remove it, or give the cluster another name.`,
    );
}

async function removeNamespace(host: KubeConfig, name: string, timeoutSeconds: number): Promise<void> {
  const core = host.makeApiClient(CoreV1Api);
  await ifExists(core.deleteNamespace({ name }));
  await poll({
    what: `namespace ${name} to go from the host`,
    hint: `What keeps it: kubectl get namespace ${name} -o jsonpath='{.status.conditions}'.`,
    timeoutSeconds,
    look: async () => {
      const found = await ifExists(core.readNamespace({ name }));
      return found === undefined ? { value: name } : { state: found.status?.phase ?? "it is there" };
    },
  });
}

/** @returns how many resources went with each cluster */
async function forget(clusters: readonly string[]): Promise<number[]> {
  const state = JSON.parse(await pulumi("stack", "export")) as ExportedState;
  const countOf = ({ deployment }: ExportedState): number => deployment.resources?.length ?? 0;
  const counts: number[] = [];
  const rest = clusters.reduce((before, cluster) => {
    const after = withoutCluster(before, cluster);
    counts.push(countOf(before) - countOf(after));
    return after;
  }, state);
  await inTemporaryDirectory(async (directory) => {
    const file = join(directory, "state.json");
    writeFileSync(file, JSON.stringify(rest), { mode: 0o600 });
    await pulumi("stack", "import", "--file", file);
  });
  return counts;
}
