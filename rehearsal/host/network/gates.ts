import type { Door } from "./doors.ts";
import type { Stop } from "../base/env.ts";
import { forward } from "./forward.ts";

/** Ways from doors to a port on 127.0.0.1, each open while both sides are known. */
export interface Gates {
  setDoors(owner: string, doors: readonly Door[]): void;
  setBackend(owner: string, port: number | undefined): void;
  /** Whether connections are taken at every door; an owner without doors expects none. */
  isOpen(owner: string): boolean;
  readonly stop: Stop;
}

interface Gate {
  readonly doors: readonly Door[];
  readonly backend?: number | undefined;
}

const shut: Gate = { doors: [] };

/** Gates that end, whatever changes in between, in the state that was asked for last. */
export function createGates(log: (line: string) => void): Gates {
  const wanted = new Map<string, Gate>();
  /** What closes each open way, by owner and way. */
  const open = new Map<string, Map<string, Stop>>();
  let work: Promise<void> = Promise.resolve();

  const wantedOf = (owner: string): Gate => wanted.get(owner) ?? shut;

  function set(owner: string, change: Partial<Gate>): void {
    const gate = { ...wantedOf(owner), ...change };
    if (gate.doors.length === 0 && gate.backend === undefined) wanted.delete(owner);
    else wanted.set(owner, gate);
    work = work.then(() => settle(owner));
  }

  async function settle(owner: string): Promise<void> {
    const opened = open.get(owner) ?? new Map<string, Stop>();
    const ways = waysOf(wantedOf(owner));
    for (const [way, close] of opened) {
      if (ways.has(way)) continue;
      opened.delete(way);
      await close();
    }
    for (const [way, { door, backend }] of ways) {
      if (opened.has(way)) continue;
      // One door that somebody else holds is no reason to keep the others shut.
      const close = await forward(door, backend).catch((error: unknown) => {
        log(`${owner} at ${door.host}: ${error instanceof Error ? error.message : String(error)}`);
      });
      if (close !== undefined) opened.set(way, close);
    }
    if (opened.size === 0) open.delete(owner);
    else open.set(owner, opened);
  }

  return {
    setDoors(owner, doors) {
      set(owner, { doors });
    },
    setBackend(owner, backend) {
      set(owner, { backend });
    },
    isOpen(owner) {
      const gate = wantedOf(owner);
      const opened = [...waysOf(gate).keys()].filter((way) => open.get(owner)?.has(way));
      return opened.length === gate.doors.length;
    },
    async stop() {
      await work;
      await Promise.all([...open.values()].flatMap((opened) => [...opened.values()].map((close) => close())));
    },
  };
}

interface Way {
  readonly door: Door;
  readonly backend: number;
}

/** All ways of a gate by name; none without a backend. */
function waysOf({ doors, backend }: Gate): ReadonlyMap<string, Way> {
  return new Map(
    backend === undefined
      ? []
      : doors.map((door) => [`${door.host}:${door.port} to ${backend}`, { door, backend }]),
  );
}
