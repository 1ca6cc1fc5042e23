import type { V1Service, V1ServicePort } from "@kubernetes/client-node";
import { plain } from "./objects.ts";

/*
 * A Service has the same node ports inside its vcluster as on the host, where they are open. With vcluster 0.10.2 the
 * host chooses them before the Service exists inside. Here it exists first, and whoever has made it may have read its
 * node ports already: so the host is asked for these, and chooses only where it cannot give them.
 */

/** The node ports of a Service by what tells its ports apart. */
export type NodePorts = ReadonlyMap<string, number>;

/** What tells a port from the others of its Service. */
export const portId = ({ port, protocol = "TCP" }: V1ServicePort): string => `${protocol}/${port}`;

/** The node ports of Services that stand for the same one; the later ones know better. */
export const nodePortsOf = (...services: readonly (V1Service | undefined)[]): NodePorts =>
  new Map(
    services
      .flatMap((service) => service?.spec?.ports ?? [])
      .flatMap((port) => (port.nodePort === undefined ? [] : [[portId(port), port.nodePort] as const])),
  );

/** What the ports of the Service inside have to be after its copy on the host; undefined: what they are. */
export function correctedPorts(
  service: V1Service,
  copy: V1Service | undefined,
): readonly V1ServicePort[] | undefined {
  const chosen = nodePortsOf(copy);
  const ports = service.spec?.ports ?? [];
  const corrected = ports.map((port) => {
    const nodePort = chosen.get(portId(port));
    return nodePort === undefined ? port : { ...plain(port), nodePort };
  });
  return ports.some(({ nodePort }, index) => nodePort !== corrected[index]?.nodePort) ? corrected : undefined;
}
