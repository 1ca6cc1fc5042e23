import { lookAt } from "./awaited-value.ts";
import { clusterOf, environment, ifExists } from "./cluster.ts";
import { poll } from "./poll.ts";
import { run } from "./run.ts";

interface RelayTokenSpec {
  /**
   * `give` puts the bootstrap token where the agent looks for it, unless the agent has its certificate already;
   * `withdraw` waits for that certificate and takes the token away.
   */
  readonly verb: "give" | "withdraw";
  readonly cluster: string;
  readonly timeoutSeconds: number;
}

const namespace = "gloo-mesh";
const token = { name: "relay-identity-token-secret", namespace };
const certificate = { name: "relay-client-tls-secret", namespace };

if (import.meta.main) {
  await run<RelayTokenSpec>(async ({ verb, cluster, timeoutSeconds }) => {
    const api = clusterOf({ kubeconfig: environment("MESHLAB_KUBECONFIG") });

    if (verb === "withdraw") {
      await poll({
        what: `the certificate of the Gloo Mesh agent on ${cluster} (Secret ${certificate.name})`,
        hint: "Look at the log of Deployment gloo-mesh-agent in namespace gloo-mesh.",
        timeoutSeconds,
        look: () => lookAt(api, { kind: "Secret", ...certificate, field: ["data", "tls.crt"] }),
      });
      await ifExists(api.deleteNamespacedSecret(token));
    } else if ((await ifExists(api.readNamespacedSecret(certificate))) === undefined) {
      const stringData = { token: environment("MESHLAB_RELAY_TOKEN") };
      // Left behind by a run that was cut off, it may be an older token.
      await ifExists(api.deleteNamespacedSecret(token));
      await api.createNamespacedSecret({ namespace, body: { metadata: { name: token.name }, stringData } });
    }
    return { verb };
  });
}
