import type { CheckedSettings } from "../../config/settings.ts";
import { type Certificate, clientCertificate, type Metrics, metricsOf } from "../clusters/agents.ts";
import { clusterOf, hostOf, type Outputs } from "../stack/lab.ts";
import { nodeOutside } from "../../kubernetes/vcluster/reach.ts";
import { type Looked, lookInto } from "../clusters/look.ts";
import { within } from "../clusters/within.ts";

/** A workload cluster with what it is to have. */
export interface SeenWorkload extends Looked {
  readonly settings: CheckedSettings["workloads"][number];
  /** Where its product page is, going by the stack's outputs. */
  readonly productPage: string | undefined;
  /** The agent's certificate for the relay. */
  readonly certificate: Certificate | undefined;
}

/** All that the checks look at. */
export interface Seen {
  readonly expose: CheckedSettings["expose"];
  /** Where the host's nodes are reached; undefined where no Service is of type NodePort, or it is not known. */
  readonly node?: string | undefined;
  readonly management: Looked;
  readonly workloads: readonly SeenWorkload[];
  /** Undefined where no container runs. */
  readonly metrics: Metrics | undefined;
  readonly now: Date;
}

/** Looks at the whole lab. */
export async function look(settings: CheckedSettings, outputs: Outputs, simulated: boolean): Promise<Seen> {
  const host = hostOf(settings);
  const inside = (name: string) => clusterOf(outputs, name);
  const { management } = settings;
  const [seenManagement, ...workloads] = await Promise.all([
    lookInto(host, outputs, management.name),
    ...settings.workloads.map(async (workload): Promise<SeenWorkload> => {
      const looked = await lookInto(host, outputs, workload.name);
      return {
        ...looked,
        settings: workload,
        productPage: outputs.productPages[workload.name],
        certificate:
          looked.contents === undefined ? undefined : await clientCertificate(inside(workload.name)),
      };
    }),
  ]);
  const node = await within(nodeOutside(host, settings)).catch(() => undefined);
  const metrics =
    simulated || seenManagement.contents === undefined ? undefined : await metricsOf(inside(management.name));
  return { expose: settings.expose, node, management: seenManagement, workloads, metrics, now: new Date() };
}
