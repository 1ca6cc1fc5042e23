import type { HostFile } from "../base/host-file.ts";
import { addressIn } from "./network.ts";

/** Addresses 127.X.0.N by owner, kept in the host file so that nobody's address changes with a restart. */
export interface Addresses {
  /** The owner's address: the one it has, or the lowest free one. */
  take(owner: string): string;
  /** The owner's address, if it has one. */
  of(owner: string): string | undefined;
  release(owner: string): void;
  /** Releases the addresses of all but these owners. */
  keepOnly(owners: ReadonlySet<string>): void;
}

const first = 2;
const last = 254;

/** The addresses of one network. */
export function createAddresses(file: HostFile, network: number): Addresses {
  const address = (host: number): string => addressIn(network, "loadBalancer", host);
  const change = (keep: (owner: string) => boolean): void => {
    const entries = Object.entries(file.read().addresses);
    const kept = entries.filter(([owner]) => keep(owner));
    if (kept.length < entries.length) {
      file.update((state) => ({ ...state, addresses: Object.fromEntries(kept) }));
    }
  };
  return {
    take(owner) {
      const { addresses } = file.read();
      const taken = new Set(Object.values(addresses));
      let host = addresses[owner] ?? first;
      while (addresses[owner] === undefined && taken.has(host)) host++;
      if (host > last) throw new Error(`All ${last - first + 1} load balancer addresses are in use.`);
      file.update((state) => ({ ...state, addresses: { ...state.addresses, [owner]: host } }));
      return address(host);
    },
    of(owner) {
      const host = file.read().addresses[owner];
      return host === undefined ? undefined : address(host);
    },
    release(owner) {
      change((other) => other !== owner);
    },
    keepOnly(owners) {
      change((owner) => owners.has(owner));
    },
  };
}

/** An address in a range of ClusterIPs: the first is that of the API server's own Service, the tenth that of the DNS. */
export function serviceAddress(cidr: string, host: number): string {
  const bytes = (cidr.split("/")[0] ?? "").split(".").map(Number);
  const sum = bytes.reduce((number, byte) => number * 256 + byte, 0) + host;
  return [24, 16, 8, 0].map((shift) => Math.floor(sum / 2 ** shift) % 256).join(".");
}
