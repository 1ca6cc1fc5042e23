import type { V1Pod, V1Secret } from "@kubernetes/client-node";
import type { Stop } from "../../host/base/env.ts";
import { type AgentArguments, agentArguments } from "./agent-arguments.ts";
import { type AgentSituation, obstacleOf, type RelaySituation } from "./agent-decision.ts";
import { isRefusal } from "../kit/api.ts";
import { signClientCertificate } from "./client-certificate.ts";
import type { VirtualCluster } from "../kit/cluster.ts";
import { agentLabels, holdAnnotations } from "../kit/holds.ts";
import { base64, isServing, matches, meta, secretText, splitKey } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";
import { runsIn } from "../kit/pod-timing.ts";
import { reachOf } from "../kit/reach.ts";
import { hostName } from "../kit/translate.ts";
import { createWorkQueue } from "../kit/work-queue.ts";

const home = "gloo-mesh";
const retrySeconds = 1;

/** Lets the agent's pods run once the agent could join; until then they crash with the agent's reason. */
export function startGlooAgent(cluster: VirtualCluster, clusters: () => Iterable<VirtualCluster>): Stop {
  const queue = createWorkQueue(
    `${cluster.name} gloo-mesh-agent`,
    async (key) => {
      const pod = cluster.pods.get(key);
      return pod === undefined || meta(pod).leaving ? undefined : passGate(cluster, pod, clusters());
    },
    cluster.log,
  );
  cluster.pods.subscribe((key) => {
    const pod = cluster.pods.get(key);
    if (splitKey(key).namespace === home && pod !== undefined && matches(agentLabels, meta(pod).labels))
      queue.add(key);
  });
  return queue.stop;
}

/** Tries to join once; answers with the seconds until the next try, if one is needed. */
async function passGate(
  cluster: VirtualCluster,
  pod: V1Pod,
  clusters: Iterable<VirtualCluster>,
): Promise<number | undefined> {
  const { name, namespace } = meta(pod);
  const path = at.pod(cluster.namespace, hostName(name, namespace, cluster.name));
  const copy = await cluster.host.get<V1Pod>(path);
  if (copy?.spec?.nodeName === undefined) return retrySeconds;
  const { hold, crash } = holdAnnotations;
  const { annotations } = meta(copy);
  const wait = runsIn(copy, Date.now());
  if (wait > 0) return wait;
  if (annotations[hold] === undefined && annotations[crash] === undefined) return undefined;

  const told = agentArguments(pod);
  const management = managementAt(told.relayAddress, clusters);
  const situation = await lookAround(cluster, told, management);
  const obstacle = obstacleOf(situation);
  if (obstacle !== undefined) {
    if (annotations[crash] !== obstacle) {
      cluster.log(`${cluster.name} gloo-mesh-agent: ${obstacle}`);
      await cluster.host.patch(path, { metadata: { annotations: { [hold]: null, [crash]: obstacle } } });
    }
    return retrySeconds;
  }
  if (!situation.hasCertificate && management !== undefined) {
    await obtainCertificate(cluster, management, told.cluster ?? "");
  }
  await cluster.host.patch(path, { metadata: { annotations: { [hold]: null, [crash]: null } } });
  cluster.log(`${cluster.name} gloo-mesh-agent: connected to the relay at ${told.relayAddress ?? ""}`);
  return undefined;
}

/** The cluster whose management server can be reached at this address. */
function managementAt(
  address: string | undefined,
  clusters: Iterable<VirtualCluster>,
): VirtualCluster | undefined {
  return [...clusters].find((cluster) => {
    const service = relayService(cluster);
    return (
      service !== undefined && reachOf(service, cluster.nodes.values()).some((reach) => reach === address)
    );
  });
}

const relayService = (cluster: VirtualCluster) => cluster.services.get(`${home}/gloo-mesh-mgmt-server`);

async function lookAround(
  { api }: VirtualCluster,
  { cluster, relayAddress }: AgentArguments,
  management: VirtualCluster | undefined,
): Promise<AgentSituation> {
  const [root, token, certificate, relay] = await Promise.all([
    api.get<V1Secret>(at.secret(home, "relay-root-tls-secret")),
    api.get<V1Secret>(at.secret(home, "relay-identity-token-secret")),
    api.get<V1Secret>(at.secret(home, "relay-client-tls-secret")),
    management === undefined ? undefined : lookAtRelay(management, cluster ?? ""),
  ]);
  return {
    cluster,
    relayAddress,
    root: secretText(certificate ?? root, "ca.crt"),
    token: secretText(token, "token"),
    hasCertificate: certificate !== undefined,
    relay,
  };
}

async function lookAtRelay(management: VirtualCluster, agent: string): Promise<RelaySituation> {
  const { api, pods } = management;
  const [root, token, signing, known] = await Promise.all([
    api.get<V1Secret>(at.secret(home, "relay-root-tls-secret")),
    api.get<V1Secret>(at.secret(home, "relay-identity-token-secret")),
    api.get<V1Secret>(at.secret(home, "relay-tls-signing-secret")),
    api.get(at.kubernetesCluster(agent)),
  ]);
  const selector = relayService(management)?.spec?.selector;
  return {
    ready: [...pods.values()].some(
      (pod) => meta(pod).namespace === home && matches(selector, meta(pod).labels) && isServing(pod),
    ),
    root: secretText(root, "ca.crt"),
    token: secretText(token, "token"),
    canSign: signing !== undefined,
    knowsCluster: known !== undefined,
  };
}

/** What the relay answers to a certificate request, kept where the agent keeps it. */
async function obtainCertificate(
  cluster: VirtualCluster,
  management: VirtualCluster,
  name: string,
): Promise<void> {
  const signing = await management.api.get<V1Secret>(at.secret(home, "relay-tls-signing-secret"));
  const authority = { cert: secretText(signing, "tls.crt") ?? "", key: secretText(signing, "tls.key") ?? "" };
  const root = secretText(signing, "ca.crt") ?? "";
  const { cert, key } = await signClientCertificate(authority, name);
  const isRoot = authority.cert.trim() === root.trim();
  const chain = isRoot ? cert : `${cert.trimEnd()}\n${authority.cert}`;
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: { name: "relay-client-tls-secret", namespace: home },
    data: { "tls.crt": base64(chain), "tls.key": base64(key), "ca.crt": base64(root) },
  };
  try {
    await cluster.api.create(at.secrets(home), secret);
  } catch (error) {
    // Another of the agent's pods was faster.
    if (!isRefusal(error, 409)) throw error;
  }
}
