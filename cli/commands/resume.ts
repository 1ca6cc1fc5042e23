import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { labCommand } from "../../messages/commands.ts";
import type { CheckedSettings } from "../../config/settings.ts";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { isReady } from "../../kubernetes/diagnosis/conditions.ts";
import { problemsAt } from "../../kubernetes/diagnosis/diagnose.ts";
import { controlPlaneOf, controlPlanePods } from "../../kubernetes/vcluster/control-plane.ts";
import { lookAtPods } from "../../kubernetes/vcluster/pods-on-host.ts";
import { poll } from "../../kubernetes/waits/poll.ts";
import { reachInside } from "../../kubernetes/vcluster/reach.ts";
import { restored } from "../../kubernetes/helm/release-objects.ts";
import { askHost } from "../clusters/ask-host.ts";
import { existingControlPlane, patchControlPlane, resuming } from "../clusters/control-plane.ts";
import { expectFamiliar } from "../clusters/familiar.ts";
import { isSyncerLost } from "../clusters/host-objects.ts";
import { chosenClusters, hostOf, type Outputs, readOutputs, readSettings } from "../stack/lab.ts";
import { moved } from "../stack/moved.ts";
import { step } from "../terminal/progress.ts";
import { recordPause } from "../stack/recorded-pause.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

/** What became of a cluster. */
interface ResumedCluster {
  readonly cluster: string;
  /** Whether it ran already. */
  readonly wasRunning: boolean;
  /** How many of its pods are ready. */
  readonly readyPods: number;
  /** The management cluster, where it does not run: agents get ready only when it does, and are not waited for. */
  readonly agentsNeed?: string;
  /** What of it was missing on the host and was made again, e.g. `Service devcluster2`. */
  readonly restored?: readonly string[];
  /** Where it is now, and what to do, where the stack has another address. */
  readonly moved?: string;
}

export const resume = verb(
  "resume",
  "Starts paused clusters again, makes what is missing of them on the host, and waits until their pods are back",
  "resume devcluster2",
)
  .argument("[cluster...]", "only these; default: all")
  .action((clusters, options) => present(options, resumed(clusters)));

async function resumed(names: readonly string[]): Promise<Report> {
  const [settings, outputs] = await Promise.all([readSettings(), readOutputs()]);
  const clusters = chosenClusters(settings, names);
  const host = hostOf(settings);
  await Promise.all(clusters.map((cluster) => expectFamiliar(host, outputs, cluster)));
  const found = await Promise.all(
    clusters.map(async (cluster) => {
      // Whether the host answers is asked in time; what it is to make takes the time that it takes.
      await askHost(host, () => controlPlaneOf(host, cluster));
      const again = await restored(host, { name: cluster, namespace: cluster });
      await existingControlPlane(host, cluster);
      return { cluster, restored: again };
    }),
  );
  // First: whatever stops this, the program then goes on with what was meant.
  await step("note in the stack's configuration", () => recordPause(settings, clusters, false));
  const facts = await Promise.all(found.map((one) => resumeOne({ ...one, host, settings, outputs })));
  return { facts, text: facts.map(describe).join("\n") };
}

interface ResumeArgs {
  readonly cluster: string;
  readonly restored: readonly string[];
  readonly host: KubeConfig;
  readonly settings: CheckedSettings;
  readonly outputs: Outputs;
}

async function resumeOne({ cluster, restored: again, ...where }: ResumeArgs): Promise<ResumedCluster> {
  const { host, settings, outputs } = where;
  const { hostContext, timeoutSeconds, management } = settings;
  const controlPlane = await existingControlPlane(host, cluster);
  const change = resuming(controlPlane);
  await patchControlPlane(host, controlPlane, change);
  const old = (await isSyncerLost(host, cluster)) ? await withoutPods(host, cluster) : [];
  await step(`${cluster}: control plane starts`, () =>
    poll({
      what: `the control plane of ${cluster} to be ready`,
      problems: () => problemsAt({ context: hostContext, namespace: cluster }),
      hint: "",
      timeoutSeconds,
      look: () => lookAtControlPlane(host, cluster, old),
    }),
  );
  let inside: KubeConfig | undefined;
  const { ready, withoutAgents } = await step(`${cluster}: pods come back`, () =>
    poll({
      what: `the pods of ${cluster}`,
      hint: `${labCommand("status")} says what is not ready, and why.`,
      timeoutSeconds,
      look: async () => {
        inside ??= await reachInside(host, settings, cluster);
        return lookAtPods({ cluster, host, inside, management: management.name });
      },
    }),
  );
  const elsewhere = await moved(host, settings, outputs, cluster);
  return {
    cluster,
    wasRunning: change === undefined && old.length === 0,
    readyPods: ready,
    ...(again.length === 0 ? {} : { restored: again }),
    ...(withoutAgents ? { agentsNeed: management.name } : {}),
    ...(elsewhere === undefined ? {} : { moved: elsewhere }),
  };
}

/** Has the pods of a control plane replaced, so that its syncer begins with what there is now; gives the old ones' UIDs. */
async function withoutPods(host: KubeConfig, cluster: string): Promise<(string | undefined)[]> {
  const core = host.makeApiClient(CoreV1Api);
  const pods = await controlPlanePods(host, cluster);
  return Promise.all(
    pods.map(async ({ metadata }) => {
      await ifExists(core.deleteNamespacedPod({ name: metadata?.name ?? "", namespace: cluster }));
      return metadata?.uid;
    }),
  );
}

async function lookAtControlPlane(host: KubeConfig, cluster: string, old: readonly (string | undefined)[]) {
  const [found, pods] = await Promise.all([controlPlaneOf(host, cluster), controlPlanePods(host, cluster)]);
  if (found === undefined) return { state: "nothing on the host runs it" };
  const ready = pods.filter((pod) => isReady(pod) && !old.includes(pod.metadata?.uid)).length;
  const wanted = found.spec?.replicas ?? 1;
  return ready >= wanted ? { value: ready } : { state: `${ready} of ${wanted} pods are ready` };
}

const describe = (found: ResumedCluster): string => {
  const { cluster, wasRunning, readyPods, restored: again = [], agentsNeed, moved: elsewhere } = found;
  return [
    `${cluster} ${wasRunning ? "ran already" : "runs again"}, ${readyPods} pods are ready.`,
    ...(again.length === 0 ? [] : [`Made again on the host: ${again.join(", ")}.`]),
    ...(agentsNeed === undefined
      ? []
      : [
          `Its agent gets ready when ${agentsNeed} runs, which does not: ${labCommand(`resume ${agentsNeed}`)}`,
        ]),
    ...(elsewhere === undefined ? [] : [`But ${elsewhere}`]),
  ].join(" ");
};
