import { stringify } from "yaml";
import type { Stop } from "../../host/base/env.ts";
import type { VirtualCluster } from "../kit/cluster.ts";
import { base64 } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";
import type { Tenant } from "../kit/translate.ts";
import { createWorkQueue } from "../kit/work-queue.ts";

/** The administrator's certificates of a vcluster, PEM. */
export interface Credentials {
  readonly ca: string;
  readonly adminCert: string;
  readonly adminKey: string;
}

/** When the Secret is written first. */
export interface FirstWrite {
  /** Whether the vcluster's pod is ready. */
  readonly isReady: () => boolean;
  /** From then on. */
  readonly delaySeconds: number;
}

const lookAgainSeconds = 0.1;
const repeatSeconds = 60;

/** Writes Secret vc-NAME some time after the vcluster is ready, and again every minute as the syncer does. */
export function startKubeconfigSecret(
  cluster: VirtualCluster,
  credentials: Credentials,
  { isReady, delaySeconds }: FirstWrite,
): Stop {
  const secret = kubeconfigSecret(cluster, credentials);
  let due: number | undefined;
  const queue = createWorkQueue(
    `${cluster.name} kubeconfig`,
    async () => {
      if (due === undefined) {
        if (!isReady()) return lookAgainSeconds;
        due = Date.now() + delaySeconds * 1000;
      }
      const wait = due - Date.now();
      if (wait > 0) return wait / 1000;
      await cluster.host.apply(at.secret(cluster.namespace, `vc-${cluster.name}`), secret, "vcluster");
      return repeatSeconds;
    },
    cluster.log,
  );
  queue.add("secret");
  return queue.stop;
}

/** Secret vc-NAME as vcluster 0.10.2 writes it: the server is its own port, which nobody outside can use as it is. */
export function kubeconfigSecret({ name, namespace, owner }: Tenant, credentials: Credentials): object {
  const { ca, adminCert, adminKey } = credentials;
  const config = stringify(
    {
      apiVersion: "v1",
      clusters: [
        {
          cluster: { "certificate-authority-data": base64(ca), server: "https://localhost:8443" },
          name: "local",
        },
      ],
      contexts: [{ context: { cluster: "local", namespace: "default", user: "user" }, name: "Default" }],
      "current-context": "Default",
      kind: "Config",
      preferences: {},
      users: [
        {
          name: "user",
          user: { "client-certificate-data": base64(adminCert), "client-key-data": base64(adminKey) },
        },
      ],
    },
    { lineWidth: 0, indentSeq: false },
  );
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: {
      name: `vc-${name}`,
      namespace,
      ownerReferences: [{ apiVersion: "v1", kind: "Service", ...owner, controller: false }],
    },
    data: {
      config: base64(config),
      "certificate-authority": base64(ca),
      "client-certificate": base64(adminCert),
      "client-key": base64(adminKey),
    },
  };
}
