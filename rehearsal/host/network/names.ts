import { openHostFile } from "../base/host-file.ts";
import { addressIn } from "./network.ts";

/** A domain that no DNS will ever know. */
const domain = "rehearsal.test";

const nameOfHost = (host: number): string => `lb-${host}.${domain}`;

/** The host name of the load balancer with this address. */
export const nameOf = (address: string): string => nameOfHost(Number(address.split(".").at(-1)));

/** A hosts file: the machine's own, and the names of all load balancers that a network can have. */
export function hostsFile(machine: string, network: number): string {
  const hosts = Array.from({ length: 253 }, (_, index) => index + 2);
  const lines = hosts.map((host) => `${addressIn(network, "loadBalancer", host)} ${nameOfHost(host)}\n`);
  return [machine.trimEnd(), "\n", ...lines].join("");
}

/** A text such as a kubeconfig with addresses in the place of names, for who does not know the names. */
export function withAddresses(text: string, network = openHostFile().read().network): string {
  if (network === undefined) return text;
  const name = new RegExp(`\\blb-(\\d+)\\.${domain.replaceAll(".", "\\.")}\\b`, "g");
  return text.replaceAll(name, (_, host: string) => addressIn(network, "loadBalancer", Number(host)));
}
