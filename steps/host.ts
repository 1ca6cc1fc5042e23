import { CoreV1Api, NetworkingV1Api, VersionApi } from "@kubernetes/client-node";
import { kubeConfigOf } from "../kubernetes/connection/cluster.ts";
import { run } from "./base/run.ts";
import { findServiceCidr } from "../kubernetes/host/service-cidr.ts";
import { type BrokenFrom, objectionTo } from "../versions/compatibility.ts";

/** What to find out about the host. */
interface HostSpec {
  readonly hostContext?: string | undefined;
  /** Range of ClusterIPs, where it need not be found out. */
  readonly serviceCidr?: string | undefined;
  /** The hosts that these versions are known not to work on. */
  readonly brokenFrom?: BrokenFrom | undefined;
}

/** What the step prints. */
export interface HostFacts {
  /** Version of its Kubernetes, e.g. `v1.36.3`. */
  readonly version: string;
  /** Range of its ClusterIPs. */
  readonly serviceCidr: string;
}

await run<HostSpec>(async ({ hostContext, serviceCidr, brokenFrom }): Promise<HostFacts> => {
  const config = kubeConfigOf({ context: hostContext });
  const [core, networking] = [config.makeApiClient(CoreV1Api), config.makeApiClient(NetworkingV1Api)];
  const [{ gitVersion }, cidr] = await Promise.all([
    config.makeApiClient(VersionApi).getCode(),
    serviceCidr ?? findServiceCidr(core, networking),
  ]);
  const objection = objectionTo(gitVersion, brokenFrom);
  if (objection !== undefined) throw new Error(objection);
  return { version: gitVersion, serviceCidr: cidr };
});
