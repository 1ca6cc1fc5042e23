import { AdmissionregistrationV1Api, CoreV1Api } from "@kubernetes/client-node";
import { pulumiCommand } from "../../../messages/commands.ts";
import { ifExists } from "../../../kubernetes/connection/cluster.ts";
import { gatewayNamespace } from "../../../values/istio.ts";
import { type Check, doubtful, fine, type Finding } from "../check.ts";
import type { Facts } from "../facts.ts";

/** What Istio's chart calls its injector; a revision comes after it. */
const injector = "istio-sidecar-injector";

/** What shows whether Istio on the host injects into copies of the lab's pods. */
export interface InjectorSigns {
  /** Names of its injectors. */
  readonly injectors: readonly string[];
  /** Namespaces that copies of gateways are in; no labels where there is none yet. */
  readonly namespaces: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>> | undefined;
  }[];
}

export const injectorCheck: Check<Facts> = {
  name: "sidecar injector",
  look: async ({ settings, host }) => {
    const { set, workloads } = await settings.needed();
    if (!set.controlPlane.keepsLabels) return fine("copies on the host have no labels that Istio goes by");
    const { config } = await host.needed();
    const core = config.makeApiClient(CoreV1Api);
    const clusters = workloads.filter(({ ingress, eastWest }) => ingress !== false || eastWest !== false);
    const [{ items }, namespaces] = await Promise.all([
      config.makeApiClient(AdmissionregistrationV1Api).listMutatingWebhookConfiguration(),
      Promise.all(
        clusters.map(async ({ name }) => {
          const found = await ifExists(core.readNamespace({ name }));
          return { name, labels: found && (found.metadata?.labels ?? {}) };
        }),
      ),
    ]);
    const names = items.map(({ metadata }) => metadata?.name ?? "");
    return judgedInjectors({ injectors: names.filter((name) => name.startsWith(injector)), namespaces });
  },
};

/**
 * What to make of injectors on the host. Each of their webhooks wants a namespace without the label `istio-injection`,
 * or with the value `enabled`; one of them goes by a label of pods alone, which the lab's gateways have.
 */
export function judgedInjectors({ injectors, namespaces }: InjectorSigns): Finding {
  if (injectors.length === 0) return fine("the host has none of its own");
  const open = namespaces.filter(({ labels }) => labels?.["istio-injection"] !== "disabled");
  const all = injectors.join(", ");
  if (open.length === 0) return fine(`${all} of the host: kept out of the lab's namespaces`);
  const names = open.map(({ name }) => name);
  const when = open.some(({ labels }) => labels === undefined)
    ? `As soon as ${pulumiCommand("up")} has made these namespaces, whether it still waits, failed or is done`
    : "Keep it out of these namespaces";
  return doubtful(
    `the host has Istio's injector (${all}), which sees the label sidecar.istio.io/inject on the copies of gateways in ${names.join(", ")}: they may be injected twice, and then have a proxy of the host's Istio in the place of the lab's`,
    `${when}: kubectl label namespace ${names.join(" ")} istio-injection=disabled --overwrite. Gateways that are there by then have to be made anew, in each of these clusters: kubectl --namespace ${gatewayNamespace} rollout restart deployment.`,
  );
}
