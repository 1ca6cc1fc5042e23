import type { V1Service } from "@kubernetes/client-node";

/** Where connections are taken. */
export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Where a Service lets connections in: at its load balancer's address, if it has one, and at its node ports on every node. */
export function listenersOf(
  service: V1Service,
  nodes: readonly string[],
  address?: string,
): readonly Listener[] {
  const ports = (service.spec?.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  return ports.flatMap(({ port, nodePort }) => [
    ...(address === undefined ? [] : [{ host: address, port }]),
    ...(nodePort === undefined ? [] : nodes.map((host) => ({ host, port: nodePort }))),
  ]);
}
