/** How Services are reached from outside of their cluster. */
export const exposures = ["LoadBalancer", "NodePort"] as const;
export type Exposure = (typeof exposures)[number];

/** An entry of `status.loadBalancer.ingress`: an IP address, or a host name where the cloud gives names (EKS). */
interface LoadBalancerIngress {
  readonly ip?: string;
  readonly hostname?: string;
}

/** A port of a Service. */
interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly nodePort?: number;
}

/** The fields of a Service that say where it is reached; without an ingress it is reached at a node. */
export interface ExposedService {
  readonly ingress?: LoadBalancerIngress;
  readonly ports: readonly ServicePort[];
}

/** Where these fields are in a Service, by exposure; a controller fills them in. */
export const exposedFields: Readonly<
  Record<Exposure, Readonly<Record<string, readonly (string | number)[]>>>
> = {
  LoadBalancer: { ingress: ["status", "loadBalancer", "ingress", 0], ports: ["spec", "ports"] },
  NodePort: { ports: ["spec", "ports"] },
};

/** What to do where a Service is not given its address. */
export const exposureHints: Readonly<Record<Exposure, string>> = {
  LoadBalancer: "If the host has no load balancer, set expose to NodePort.",
  NodePort: "Look at the events of the Service.",
};

/** A place to connect to. */
export interface Endpoint {
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
}

/**
 * Where a port of a Service is reached.
 *
 * @param service the fields of `exposedFields`
 * @param port name or number of the port
 * @param node address of a node, for Services of type NodePort
 * @throws if there is no such port, or nothing that says where it is reached
 */
export function endpointOf(
  { ingress, ports }: ExposedService,
  port: string | number,
  node: string | undefined,
): Endpoint {
  const found = ports.find((candidate) => candidate.name === port || candidate.port === port);
  if (found === undefined) throw new Error(`the Service has no port ${port}`);
  if (ingress !== undefined) {
    const host = ingress.ip ?? ingress.hostname;
    if (host === undefined) throw new Error("a load balancer has neither an IP address nor a host name");
    return { host, port: found.port };
  }
  if (node === undefined || found.nodePort === undefined)
    throw new Error(`port ${port} of the Service is open on no node`);
  return { host: node, port: found.nodePort };
}

/** `HOST:PORT`. */
export const hostAndPort = ({ host, port }: Endpoint): string => `${host}:${port}`;

/** The URL of an HTTP endpoint, without the port that is meant anyway. */
export const httpUrl = ({ host, port }: Endpoint): string => `http://${host}${port === 80 ? "" : `:${port}`}`;

/** Which port of a Service people mean, by name, the likeliest first; else its first one. */
const meant = ["http2", "http", "grpc", "tls", "https"];

/** Where people reach a Service at a node: a URL where it speaks HTTP; undefined where no port of it is open there. */
export function nodeAddressOf({ ports }: Pick<ExposedService, "ports">, node: string): string | undefined {
  const found = meant.flatMap((name) => ports.find((port) => port.name === name) ?? [])[0] ?? ports[0];
  if (found?.nodePort === undefined) return undefined;
  const endpoint = { host: node, port: found.nodePort };
  return found.name?.startsWith("http") === true && found.name !== "https"
    ? httpUrl(endpoint)
    : hostAndPort(endpoint);
}
