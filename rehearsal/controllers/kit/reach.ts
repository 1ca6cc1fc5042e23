import type { V1Node, V1Service } from "@kubernetes/client-node";

/** All `host:port` at which a Service can be reached from outside: at its load balancer, and at its node ports on every node. */
export function reachOf(service: V1Service, nodes: Iterable<V1Node>): readonly string[] {
  const balancers = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) =>
    [ip, hostname].filter((host) => host !== undefined),
  );
  const machines = [...nodes].flatMap(({ status }) =>
    (status?.addresses ?? []).flatMap(({ type, address }) => (type === "InternalIP" ? [address] : [])),
  );
  return (service.spec?.ports ?? []).flatMap(({ port, nodePort }) => [
    ...balancers.map((host) => `${host}:${port}`),
    ...(nodePort === undefined ? [] : machines.map((host) => `${host}:${nodePort}`)),
  ]);
}
