import { join } from "node:path";
import { atMost } from "../../kit/until.ts";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { rehearsedHost } from "../../../config/ambient-host.ts";
import { startControllers } from "../../controllers/index.ts";
import type { PodKind } from "../../profile/choice.ts";
import { askedOf, choose } from "../../profile/host-choice.ts";
import { paths, rehearsalDir } from "../../kit/paths.ts";
import { readSettings } from "../../profile/settings.ts";
import type { HostEnv, Stop } from "../base/env.ts";
import { startEtcd } from "../base/etcd.ts";
import { startHostCluster } from "../cluster/host-cluster.ts";
import { openHostFile } from "../base/host-file.ts";
import { writeContext } from "../base/kube-config-file.ts";
import { type RunningLoadBalancer, startLoadBalancer } from "../network/load-balancer.ts";
import { provideNames, withdrawNames } from "../network/name-space.ts";
import { claimNetwork } from "../network/network.ts";
import { openPki } from "../base/pki.ts";
import { createPorts } from "../base/ports.ts";
import { identify } from "../../kit/process-identity.ts";
import { createProcessGroup, type Death, logTail, reap } from "../base/processes.ts";
import { revived, suspendVclusters } from "./revival.ts";
import {
  claimSupervision,
  endSupervision,
  processRegistry,
  removeNotes,
  writeNote,
} from "./supervisor-files.ts";
import { startVolumes } from "../cluster/volumes.ts";

/** Exit codes; the second one means that another supervisor runs. */
const failure = 1;
const taken = 3;

/** How long stand-ins may take to end politely; their processes are ended in any case. */
const politeSeconds = 10;

const elapsed: Record<string, number> = {};
const seconds = (): number => Math.round(performance.now() / 10) / 100;

function log(line: string): void {
  console.log(`[${seconds().toFixed(1).padStart(5)}s] ${line}`);
}

function phase(name: string): void {
  elapsed[name] = seconds();
  log(`${name} ready`);
}

const processes = createProcessGroup({
  logs: paths.logs,
  registry: processRegistry,
  log,
  onFatal: (death) => void end(failure, death),
});
const stops: Stop[] = [];
let ending: Promise<never> | undefined;

/** Ends everything, in the reverse order of its start, and then this process. */
function end(code: number, death?: Death): Promise<never> {
  ending ??= (async () => {
    removeNotes("ready");
    writeNote("ending", { pid: process.pid });
    if (death !== undefined) {
      log(`${death.message}; ending everything`);
      writeNote("failed", death);
    }
    const polite = (async () => {
      for (const stop of stops.splice(0).reverse()) await stop();
    })();
    await atMost(polite.catch(logError), politeSeconds);
    await processes.stopAll();
    endSupervision();
    log("stopped");
    process.exit(code);
  })();
  return ending;
}

const logError = (error: unknown): void => {
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
};

function giveUp(error: unknown): void {
  logError(error);
  const message = error instanceof Error ? error.message : String(error);
  void end(failure, { process: "supervisor", message, tail: logTail(paths.logs, "supervisor") });
}

const podsAre: Readonly<Record<PodKind, string>> = {
  containers: "containers on one node",
  simulated: "simulated",
};

async function start(): Promise<void> {
  const hostFile = openHostFile();
  const choice = choose(askedOf(process.env), hostFile.read().choice);
  const settings = readSettings(choice);
  log(`a host like ${choice.host}: ${settings.description}; its pods are ${podsAre[choice.pods]}`);
  const { number: network, release } = await claimNetwork(hostFile, log);
  stops.push(release);
  if (settings.loadBalancer === "hostname") await provideNames(network);
  else withdrawNames();
  // Up to here there is no host: who cannot have this one may still choose another.
  hostFile.update((state) => ({ ...state, choice }));
  const pki = openPki(paths.pki);
  const ports = createPorts(hostFile, log);
  const etcd = await startEtcd({
    command: join(paths.bin, "etcd"),
    dataDirectory: paths.etcd,
    processes,
    pki,
    ports,
  });
  phase("etcd");

  const env = { settings, network, processes, pki, ports, etcd, log };
  const { plane, nodes } = await startHostCluster(env, phase);
  stops.push(nodes.stop);
  const host = plane.kubeConfig;
  const loadBalancer = await startLoadBalancer({
    host,
    hostFile,
    network,
    kind: settings.loadBalancer,
    nodes: nodes.addresses,
    dialInside: nodes.dialInside,
    timing: settings,
    log,
  });
  stops.push(() => loadBalancer.stop());
  stops.push(await startVolumes(host, settings.storageClass, nodes.volumes, log));
  if (settings.pods === "simulated") await startStandIns(env, host, loadBalancer);

  const { url, ca, adminCert: cert, adminKey: key } = plane;
  writeContext(paths.kubeconfig, { name: "host", url, ca, cert, key }, rehearsedHost);
  phase("host");
  writeNote("ready", { pid: process.pid, elapsed });
}

/** Starts what stands in for programs of pods that do not run. */
async function startStandIns(
  env: HostEnv,
  host: KubeConfig,
  loadBalancer: RunningLoadBalancer,
): Promise<void> {
  const core = host.makeApiClient(CoreV1Api);
  const suspended = await suspendVclusters(core);
  stops.push(await startControllers({ env, host, loadBalancer }));
  if (suspended.length > 0) {
    log(`bringing back ${suspended.map(({ name }) => name).join(", ")}`);
    // Whoever needs one that does not come back will say so with more to tell than can be known here.
    await revived(core, suspended, (service) => loadBalancer.isReachable(service)).catch(logError);
    phase("vclusters");
  }
}

const self = identify(process.pid);
if (self === undefined) {
  console.error("The rehearsal runs on Linux only: this process does not find itself in /proc.");
  process.exit(failure);
}
const other = claimSupervision(self);
if (other !== undefined) {
  console.error(`The rehearsal in ${rehearsalDir} is already supervised by process ${other.pid}.`);
  process.exit(taken);
}
removeNotes("ready", "failed", "ending");
process.on("uncaughtException", giveUp);
process.on("unhandledRejection", giveUp);
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    log(`${signal}: stopping`);
    void end(0);
  });
}
try {
  for (const name of await reap(processRegistry))
    log(`ended ${name}, which an earlier supervisor left running`);
  await start();
} catch (error) {
  if (ending === undefined) giveUp(error);
}
