import type { V1Service } from "@kubernetes/client-node";

/** Where connections are taken. */
export interface Door {
  readonly host: string;
  readonly port: number;
}

/** Where a Service lets connections in: at its load balancer's address, if it has one, and at its node ports on every node. */
export function doorsOf(service: V1Service, nodes: readonly string[], address?: string): readonly Door[] {
  const ports = (service.spec?.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  return ports.flatMap(({ port, nodePort }) => [
    ...(address === undefined ? [] : [{ host: address, port }]),
    ...(nodePort === undefined ? [] : nodes.map((host) => ({ host, port: nodePort }))),
  ]);
}
