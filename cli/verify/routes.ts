import type { V1Service } from "@kubernetes/client-node";
import { gatewayNamespace, gateways, httpPort } from "../../values/istio.ts";
import { type GlooObject, hasLabels, type Looked, named } from "../clusters/look.ts";

/** A resource with the cluster that it is in. */
export interface Located {
  readonly cluster: string;
  readonly object: GlooObject;
}

/** `NAMESPACE/NAME on CLUSTER`. */
export const placeOf = ({ cluster, object: { metadata } }: Located): string =>
  `${metadata.namespace}/${metadata.name} on ${cluster}`;

/** The specs as far as they decide where requests go; see `components/workspace.ts`. */
interface VirtualGatewaySpec {
  readonly workloads?: readonly {
    readonly selector?: {
      readonly cluster?: string;
      readonly namespace?: string;
      readonly name?: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
  }[];
  readonly listeners?: readonly { readonly port?: { readonly number?: number } }[];
}

interface RouteTableSpec {
  readonly virtualGateways?: readonly {
    readonly name?: string;
    readonly namespace?: string;
    readonly cluster?: string;
  }[];
  readonly http?: readonly {
    readonly matchers?: readonly { readonly uri?: { readonly prefix?: string; readonly exact?: string } }[];
  }[];
}

/** All resources of a kind, wherever they are: Gloo Mesh takes them from any cluster. */
function all(lab: readonly Looked[], kind: "virtualGateways" | "routeTables"): Located[] {
  return lab.flatMap(({ name, contents }) =>
    (contents?.[kind] ?? []).map((object) => ({ cluster: name, object })),
  );
}

/** The Service of a cluster's ingress gateway. */
const ingressOf = ({ contents }: Looked): V1Service | undefined =>
  contents && named(contents.services, gatewayNamespace, gateways.ingress.name);

/** The virtual gateways that a cluster's ingress gateway implements on the port of the product page. */
export function gatewaysOf(lab: readonly Looked[], workload: Looked): Located[] {
  const service = ingressOf(workload);
  if (service === undefined) return [];
  const { name = "", namespace = "" } = service.metadata ?? {};
  const number = service.spec?.ports?.find((port) => port.name === httpPort)?.port;
  return all(lab, "virtualGateways").filter(({ object }) => {
    const { workloads, listeners = [] } = (object.spec ?? {}) as VirtualGatewaySpec;
    const isListening = listeners.some(({ port }) => port?.number === number);
    const isSelected =
      workloads === undefined ||
      workloads.some(
        ({ selector = {} }) =>
          (selector.cluster ?? workload.name) === workload.name &&
          (selector.namespace ?? namespace) === namespace &&
          (selector.name ?? name) === name &&
          hasLabels(service.spec?.selector ?? {}, selector.labels ?? {}),
      );
    return isListening && isSelected;
  });
}

/** The route tables that lead from any of these gateways to a path. */
export function routesFrom(lab: readonly Looked[], found: readonly Located[], path: string): Located[] {
  return all(lab, "routeTables").filter(({ cluster, object }) => {
    const { virtualGateways = [], http = [] } = (object.spec ?? {}) as RouteTableSpec;
    const isAttached = virtualGateways.some((reference) =>
      found.some(
        (gateway) =>
          reference.name === gateway.object.metadata.name &&
          (reference.namespace ?? object.metadata.namespace) === gateway.object.metadata.namespace &&
          (reference.cluster ?? cluster) === gateway.cluster,
      ),
    );
    const leads = http.some(
      ({ matchers = [] }) =>
        matchers.length === 0 ||
        matchers.some(({ uri }) => uri?.exact === path || path.startsWith(uri?.prefix ?? path)),
    );
    return isAttached && leads;
  });
}
