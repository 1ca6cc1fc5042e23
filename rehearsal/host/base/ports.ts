import { createServer } from "node:net";
import type { HostFile } from "./host-file.ts";
import { listenerOn } from "./listeners.ts";

/** Ports on 127.0.0.1, the same for the same purpose after a restart. */
export interface Ports {
  /** A port nobody listens on. */
  take(purpose: string): Promise<number>;
  /** Gives a purpose's port back. */
  release(purpose: string): void;
}

// Below the range from which the kernel picks the ports of outgoing connections (usually 32768 and up),
// so that a port that is free now is not taken by chance before its process listens.
const lowest = 21_000;
const highest = 31_999;

/** Ports remembered in the host file; one that someone else has taken meanwhile is replaced. */
export function createPorts(file: HostFile, log: (line: string) => void): Ports {
  async function choose(purpose: string): Promise<number> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
      if (!(await isFree(port)) || Object.values(file.read().ports).includes(port)) continue;
      file.update((state) => ({ ...state, ports: { ...state.ports, [purpose]: port } }));
      return port;
    }
    throw new Error(`No free port found on 127.0.0.1 between ${lowest} and ${highest}.`);
  }

  return {
    async take(purpose) {
      const remembered = file.read().ports[purpose];
      if (remembered === undefined) return choose(purpose);
      if (await isFree(remembered)) return remembered;
      const port = await choose(purpose);
      log(`port ${remembered} of ${purpose} is taken by ${listenerOn(remembered)}: using ${port} instead`);
      return port;
    },
    release(purpose) {
      file.update((state) => {
        const others = Object.entries(state.ports).filter(([name]) => name !== purpose);
        return { ...state, ports: Object.fromEntries(others) };
      });
    },
  };
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => {
      resolve(false);
    });
    probe.listen(port, "127.0.0.1", () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}
