import type { Stop } from "./env.ts";
import { forward } from "./forward.ts";

/** Doors from address:443 to a port on 127.0.0.1, each open while both sides are known. */
export interface Gates {
  setAddress(owner: string, address: string | undefined): void;
  setBackend(owner: string, port: number | undefined): void;
  /** Whether connections are taken; an owner without an address expects none. */
  isOpen(owner: string): boolean;
  readonly stop: Stop;
}

interface Gate {
  readonly address?: string | undefined;
  readonly backend?: number | undefined;
}

interface Open extends Gate {
  readonly close: Stop;
}

const port = 443;

/** Gates that end, whatever changes in between, in the state that was asked for last. */
export function createGates(log: (line: string) => void): Gates {
  const wanted = new Map<string, Gate>();
  const open = new Map<string, Open>();
  let work: Promise<void> = Promise.resolve();

  function set(owner: string, change: Gate): void {
    wanted.set(owner, { ...wanted.get(owner), ...change });
    work = work
      .then(() => settle(owner))
      .catch((error: unknown) => {
        log(`load balancer: ${owner}: ${error instanceof Error ? error.message : String(error)}`);
      });
  }

  async function settle(owner: string): Promise<void> {
    const { address, backend } = wanted.get(owner) ?? {};
    if (address === undefined && backend === undefined) wanted.delete(owner);
    const gate = open.get(owner);
    if (gate?.address === address && gate?.backend === backend) return;
    open.delete(owner);
    await gate?.close();
    if (address !== undefined && backend !== undefined) {
      open.set(owner, { address, backend, close: await forward({ host: address, port }, backend) });
    }
  }

  return {
    setAddress(owner, address) {
      set(owner, { address });
    },
    setBackend(owner, backend) {
      set(owner, { backend });
    },
    isOpen: (owner) => open.has(owner) || wanted.get(owner)?.address === undefined,
    async stop() {
      await work;
      await Promise.all([...open.values()].map(({ close }) => close()));
    },
  };
}
