import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { rehearsalDir } from "../../kit/paths.ts";
import type { Stop } from "../base/env.ts";
import type { HostFile } from "../base/host-file.ts";
import { listenerOn } from "../base/listeners.ts";

/** The network 127.NUMBER.0.0/16, held by nobody else until it is released. */
export interface Network {
  readonly number: number;
  readonly release: Stop;
}

/** Who has addresses in a network, and in which part of it. */
const parts = { loadBalancer: 0, nodes: 1 } as const;

/** An address in a part of a network; `host` is its last byte. */
export const addressIn = (network: number, part: keyof typeof parts, host: number): string =>
  `127.${network}.${parts[part]}.${host}`;

const port = 443;

/** Holds the network remembered in the host file; if another rehearsal took it meanwhile, one that nobody holds. */
export async function claimNetwork(file: HostFile, log: (line: string) => void): Promise<Network> {
  const remembered = file.read().network;
  for (const number of [...(remembered === undefined ? [] : [remembered]), ...candidates()]) {
    const release = await claim(number);
    if (release === undefined) continue;
    if (number !== remembered) file.update((state) => ({ ...state, network: number }));
    if (number !== remembered && remembered !== undefined) {
      log(
        `127.${remembered}.0.0/16 is taken by another rehearsal, all addresses move to 127.${number}.0.0/16`,
      );
    }
    return { number, release };
  }
  throw new Error(
    `Port ${port} of every loopback address is taken by ${listenerOn(port)}: stop it, the load balancer needs the port.`,
  );
}

/** All networks, from one that depends on the directory, so that two rehearsals seldom want the same. */
function candidates(): number[] {
  const start = createHash("sha256").update(rehearsalDir).digest().readUInt16BE();
  return Array.from({ length: 253 }, (_, offset) => 2 + ((start + offset) % 253));
}

/** The first address of a network serves nobody: whoever listens there holds the network. */
async function claim(number: number): Promise<Stop | undefined> {
  const server = createServer((socket) => socket.destroy());
  const code = await new Promise<string | undefined>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(error.code);
      else reject(error.code === "EACCES" ? new Error(noRight) : error);
    });
    server.listen(port, addressIn(number, "loadBalancer", 1), () => {
      resolve(undefined);
    });
  });
  if (code !== undefined) return undefined;
  return async () => {
    await new Promise((resolve) => server.close(resolve));
  };
}

const noRight =
  `The load balancer must listen on port ${port} of loopback addresses, which this user may not: ` +
  `run "sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}" or run as root.`;
