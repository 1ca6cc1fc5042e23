import type { KubeConfig } from "@kubernetes/client-node";
import { labCommand } from "../../commands.ts";
import { diagnose } from "../../steps/diagnose.ts";
import { poll } from "../../steps/poll.ts";
import { controlPlaneOf, existingControlPlane, patchControlPlane, resuming } from "../control-plane.ts";
import { chosenClusters, clusterOf, hostOf, readOutputs, readSettings } from "../lab.ts";
import { step } from "../progress.ts";
import { recordPause } from "../recorded-pause.ts";
import { present, type Report, verb } from "../verb.ts";
import { lookAtPods, type PodsOnHost } from "../pods-on-host.ts";

/** What became of a cluster. */
interface ResumedCluster {
  readonly cluster: string;
  /** Whether it ran already. */
  readonly wasRunning: boolean;
  /** How many of its pods are ready. */
  readonly readyPods: number;
}

export const resume = verb(
  "resume",
  "Starts paused clusters again, and waits until their pods are back",
  "resume devcluster2",
)
  .argument("[cluster...]", "only these; default: all")
  .action((clusters, options) => present(options, resumed(clusters)));

async function resumed(names: readonly string[]): Promise<Report> {
  const [settings, outputs] = await Promise.all([readSettings(), readOutputs()]);
  const clusters = chosenClusters(settings, names);
  const host = hostOf(settings);
  await Promise.all(clusters.map((cluster) => existingControlPlane(host, cluster)));
  // First: whatever stops this, the program then goes on with what was meant.
  await step("note in the stack's configuration", () => recordPause(settings, clusters, false));
  const facts = await Promise.all(
    clusters.map((cluster) => resumeOne({ host, inside: clusterOf(outputs, cluster), cluster, ...settings })),
  );
  return { facts, text: facts.map(describe).join("\n") };
}

interface ResumeArgs extends PodsOnHost {
  readonly hostContext?: string | undefined;
  readonly timeoutSeconds: number;
}

async function resumeOne({ hostContext, timeoutSeconds, ...where }: ResumeArgs): Promise<ResumedCluster> {
  const { host, cluster } = where;
  const change = resuming(await existingControlPlane(host, cluster));
  await patchControlPlane(host, cluster, change);
  await step(`${cluster}: control plane starts`, () =>
    poll({
      what: `the control plane of ${cluster} to be ready`,
      hint: async () => (await diagnose({ context: hostContext }, cluster)).join(" "),
      timeoutSeconds,
      look: () => lookAtControlPlane(host, cluster),
    }),
  );
  const readyPods = await step(`${cluster}: pods come back`, () =>
    poll({
      what: `the pods of ${cluster}`,
      hint: `${labCommand("status")} says what is not ready, and why.`,
      timeoutSeconds,
      look: () => lookAtPods(where),
    }),
  );
  return { cluster, wasRunning: change === undefined, readyPods };
}

async function lookAtControlPlane(host: KubeConfig, cluster: string) {
  const { spec, status } = (await controlPlaneOf(host, cluster)) ?? {};
  const [ready, wanted] = [status?.readyReplicas ?? 0, spec?.replicas ?? 1];
  return ready >= wanted ? { value: ready } : { state: `${ready} of ${wanted} pods are ready` };
}

const describe = ({ cluster, wasRunning, readyPods }: ResumedCluster): string =>
  `${cluster} ${wasRunning ? "ran already" : "runs again"}, ${readyPods} pods are ready.`;
