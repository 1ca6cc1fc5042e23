import type { V1Service } from "@kubernetes/client-node";

/** An address with a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where connections from outside are taken, and where in the cluster they lead. */
export interface Listener extends Endpoint {
  readonly inside: Endpoint;
}

/** An address under which a node is reached from outside, and the one that it has in the cluster. */
export interface NodeAddress {
  readonly outside: string;
  readonly inside: string;
}

/** Where a Service lets connections in: at its load balancer's address, if it has one, and at its node ports on every node. */
export function listenersOf(
  { spec }: V1Service,
  nodes: readonly NodeAddress[],
  address?: string,
): readonly Listener[] {
  const ports = (spec?.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  return ports.flatMap(({ port, nodePort }) => [
    ...(address === undefined
      ? []
      : [{ host: address, port, inside: { host: spec?.clusterIP ?? "", port } }]),
    ...(nodePort === undefined
      ? []
      : nodes.map(({ outside, inside }) => ({
          host: outside,
          port: nodePort,
          inside: { host: inside, port: nodePort },
        }))),
  ]);
}
