import { labCommand } from "../../messages/commands.ts";
import { exitCodes } from "../../messages/failure.ts";
import { readOutputs, readSettings } from "../stack/lab.ts";
import { step } from "../terminal/progress.ts";
import { type ClusterStatus, judge } from "../status/judge.ts";
import { look } from "../status/seen.ts";
import { table } from "../terminal/table.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

export const status = verb(
  "status",
  "The lab on one screen: clusters, releases, agents, addresses, and what is not ready and why",
  "status",
).action((options) => present(options, found()));

async function found(): Promise<Report> {
  // A lab that came up by half has no outputs, and still something to look at.
  const [settings, outputs] = await Promise.all([readSettings(), readOutputs().catch(() => undefined)]);
  const facts = judge(await step("looking at the clusters", () => look(settings, outputs)));
  const isFaulty = facts.some(({ problems }) => problems.length > 0);
  return { facts, text: describe(facts), exitCode: isFaulty ? exitCodes.faulty : exitCodes.fine };
}

/** The screen. */
export function describe(clusters: readonly ClusterStatus[]): string {
  const addresses = clusters.flatMap(({ cluster, addresses: all }) =>
    all.map(({ service, address }) => [cluster, service, address ?? "none"]),
  );
  const problems = clusters.flatMap(({ cluster, problems: all }) =>
    all.map((problem) => `  ${cluster}: ${problem}`),
  );
  return [
    table(
      ["cluster", "state", "kubernetes", "releases", "agent", "pods"],
      clusters.map((cluster) => [
        cluster.cluster,
        cluster.state,
        cluster.kubernetes ?? "",
        releases(cluster),
        agent(cluster),
        cluster.pods === undefined ? "" : `${cluster.pods.ready} of ${cluster.pods.wanted} ready`,
      ]),
    ),
    ...(addresses.length > 0 ? ["", table(["cluster", "service", "address"], addresses)] : []),
    "",
    ...(problems.length > 0 ? [`Not as it should be (${problems.length}):`, ...problems] : []),
    ...summary(clusters, problems.length === 0),
  ].join("\n");
}

/** What is paused, and whether the rest is well. */
function summary(clusters: readonly ClusterStatus[], isWell: boolean): string[] {
  const paused = clusters.filter(({ state }) => state === "paused").map(({ cluster }) => cluster);
  if (paused.length === 0) return isWell ? ["All is as it should be."] : [];
  if (paused.length === clusters.length)
    return [`Nothing runs: every cluster is paused. To start them again: ${labCommand("resume")}`];
  return [
    ...(isWell ? ["All that runs is as it should be."] : []),
    `Paused: ${paused.join(", ")}. To start again: ${labCommand(`resume ${paused.join(" ")}`)}`,
  ];
}

function releases({ releases: all }: ClusterStatus): string {
  const deployed = all.filter(({ status: word }) => word === "deployed").length;
  return `${deployed} of ${all.length} deployed`;
}

function agent({ agent: found, kubernetes }: ClusterStatus): string {
  if (found === undefined || kubernetes === undefined) return "";
  const { registered, connected, certificateUntil: until } = found;
  return [
    ...(registered === undefined ? [] : [registered ? "registered" : "not registered"]),
    ...(connected === undefined ? [] : [connected ? "connected" : "not connected"]),
    until === undefined ? "no certificate" : `certificate until ${until.slice(0, 10)}`,
  ].join(", ");
}
