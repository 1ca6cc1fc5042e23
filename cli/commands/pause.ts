import type { KubeConfig } from "@kubernetes/client-node";
import { labCommand } from "../../messages/commands.ts";
import { pauseWithoutVolumes } from "../../config/rules.ts";
import { stopped } from "../../kubernetes/vcluster/stopped.ts";
import { existingControlPlane, isPaused, patchControlPlane, pausing } from "../clusters/control-plane.ts";
import { Failure } from "../../messages/failure.ts";
import { chosenClusters, hostOf, readSettings } from "../stack/lab.ts";
import { step } from "../terminal/progress.ts";
import { recordPause } from "../stack/recorded-pause.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

/** What became of a cluster. */
interface PausedCluster {
  readonly cluster: string;
  /** Whether somebody had paused it before. */
  readonly wasPaused: boolean;
  /** How many of its pods were removed from the host. */
  readonly removedPods: number;
}

export const pause = verb(
  "pause",
  "Stops clusters and frees what their pods take; their data, services and addresses stay",
  "pause devcluster2",
)
  .argument("[cluster...]", "only these; default: all")
  .action((clusters, options) => present(options, paused(clusters)));

async function paused(names: readonly string[]): Promise<Report> {
  const settings = await readSettings();
  const clusters = chosenClusters(settings, names);
  if (!settings.controlPlane.persistence)
    throw new Failure(`${clusters.join(", ")} cannot be paused: ${pauseWithoutVolumes}.`);
  const { timeoutSeconds } = settings;
  const host = hostOf(settings);
  await Promise.all(clusters.map((cluster) => existingControlPlane(host, cluster)));
  // First: whatever stops this, the program then goes on with what was meant.
  await step("note in the stack's configuration", () => recordPause(settings, clusters, true));
  const facts = await Promise.all(clusters.map((cluster) => pauseOne(host, cluster, timeoutSeconds)));
  return { facts, text: facts.map(describe).join("\n") };
}

async function pauseOne(host: KubeConfig, cluster: string, timeoutSeconds: number): Promise<PausedCluster> {
  const set = await existingControlPlane(host, cluster);
  await patchControlPlane(host, set, pausing(set));
  const { removed } = await step(`${cluster}: control plane stops, pods are removed`, () =>
    stopped(host, { cluster, timeoutSeconds }),
  );
  return { cluster, wasPaused: isPaused(set), removedPods: removed };
}

const describe = ({ cluster, wasPaused, removedPods }: PausedCluster): string =>
  `${cluster} ${wasPaused ? "was paused already" : "is paused"}, ${removedPods} pods removed from the host. It comes back with: ${labCommand(`resume ${cluster}`)}`;
