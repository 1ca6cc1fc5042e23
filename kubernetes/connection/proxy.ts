import { BlockList, isIP } from "node:net";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for a server, by Go's rules: HTTPS_PROXY or HTTP_PROXY by the server's scheme,
 * upper case first, and none for this machine itself and for what NO_PROXY names.
 */
export function proxyFromEnvironment(
  server: URL,
  environment: Environment = process.env,
): string | undefined {
  const get = (name: string): string => environment[name] || environment[name.toLowerCase()] || "";
  const proxy = get(server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy === "" || !goesThroughProxy(server, get("NO_PROXY"))) return undefined;
  return /^[a-z0-9]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function goesThroughProxy({ hostname, port, protocol }: URL, exceptions: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const portOf = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  if (host === "localhost" || isLoopback(host)) return false;
  return !exceptions
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && isMeant(entry, host, portOf));
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");
const isLoopback = (host: string): boolean => isIP(host) !== 0 && loopback.check(host, familyOf(host));

/** Whether an entry of NO_PROXY means a host: `*`, an address, a range, `.example.com`, or `example.com`, with a port or without. */
function isMeant(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const [, start = "", bits = ""] = /^([^/]+)\/(\d+)$/.exec(entry) ?? [];
  if (isIP(start) !== 0) return isIP(host) === isIP(start) && isWithin(host, start, Number(bits));
  const [, bracketed, plain = entry, onlyPort] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const name = bracketed ?? plain;
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(name) !== 0) return isIP(host) !== 0 && isWithin(host, name, isIP(name) === 6 ? 128 : 32);
  const suffix = name.replace(/^\*\./, ".");
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isWithin(host: string, start: string, bits: number): boolean {
  if (isIP(host) !== isIP(start) || bits > (isIP(start) === 6 ? 128 : 32)) return false;
  const range = new BlockList();
  range.addSubnet(start, bits, familyOf(start));
  return range.check(host, familyOf(host));
}
