import { digest } from "../values/digest.ts";
import { lookAt } from "../kubernetes/waits/awaited-value.ts";
import { coreApiOf, environment, ifExists } from "../kubernetes/connection/cluster.ts";
import { problemsAt } from "../kubernetes/diagnosis/diagnose.ts";
import { poll } from "../kubernetes/waits/poll.ts";
import { lastResult, run } from "./base/run.ts";

interface RelayTokenSpec {
  /**
   * `give` puts the bootstrap token where the agent looks for it, unless the agent has its certificate already, for this
   * very token: another one is another management server's, which does not know the certificate;
   * `withdraw` waits for that certificate and takes the token away.
   */
  readonly verb: "give" | "withdraw";
  readonly cluster: string;
  readonly timeoutSeconds: number;
}

const namespace = "gloo-mesh";
const token = { name: "relay-identity-token-secret", namespace };
const certificate = { name: "relay-client-tls-secret", namespace };
const agents = { namespace, labelSelector: "app=gloo-mesh-agent" };

/** What the step prints. */
interface RelayTokenResult {
  readonly verb: RelayTokenSpec["verb"];
  /** Digest of the token that the agent's certificate was given for. */
  readonly token?: string;
}

await run<RelayTokenSpec>(async ({ verb, cluster, timeoutSeconds }): Promise<RelayTokenResult> => {
  const access = { kubeconfig: environment("MESHLAB_KUBECONFIG") };
  const api = coreApiOf(access);

  if (verb === "withdraw") {
    await poll({
      what: `the certificate of the Gloo Mesh agent on ${cluster} (Secret ${certificate.name})`,
      problems: () => problemsAt({ ...access, namespace }),
      hint: `Its agent asks for it: kubectl --context ${cluster} -n ${namespace} logs deployment/gloo-mesh-agent.`,
      timeoutSeconds,
      look: () => lookAt(api, { kind: "Secret", ...certificate, field: ["data", "tls.crt"] }),
    });
    await ifExists(api.deleteNamespacedSecret(token));
    return { verb };
  }
  const text = environment("MESHLAB_RELAY_TOKEN");
  const last = lastResult<RelayTokenResult>()?.token;
  const found = await ifExists(api.readNamespacedSecret(certificate));
  if (found === undefined || (last !== undefined && last !== digest(text))) {
    // First: an agent that starts in between must not find it.
    if (found !== undefined) await ifExists(api.deleteNamespacedSecret(certificate));
    // Left behind by a run that was cut off, it may be an older token.
    await ifExists(api.deleteNamespacedSecret(token));
    await api.createNamespacedSecret({
      namespace,
      body: { metadata: { name: token.name }, stringData: { token: text } },
    });
    // An agent asks for a certificate when it starts.
    await ifExists(api.deleteCollectionNamespacedPod(agents));
  }
  return { verb, token: digest(text) };
});
