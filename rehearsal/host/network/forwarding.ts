import type { Listener } from "./listeners.ts";
import type { Stop } from "../base/env.ts";
import { type Dial, forward } from "./forward.ts";

/** Links from listeners to what is behind them, each open while both sides are known. */
export interface Forwarding {
  setListeners(owner: string, listeners: readonly Listener[]): void;
  setBackend(owner: string, backend: Backend | undefined): void;
  /** Whether connections are taken at every listener; an owner without listeners expects none. */
  isOpen(owner: string): boolean;
  readonly stop: Stop;
}

/** What is behind all listeners of an owner. */
export interface Backend {
  /** Tells it from others. */
  readonly name: string;
  readonly dial: (listener: Listener) => ReturnType<Dial>;
}

interface Forwarded {
  readonly listeners: readonly Listener[];
  readonly backend?: Backend | undefined;
}

const nothing: Forwarded = { listeners: [] };

/** Forwarding that ends, whatever changes in between, in the state that was asked for last. */
export function createForwarding(log: (line: string) => void): Forwarding {
  const wanted = new Map<string, Forwarded>();
  /** What closes each open link, by owner and link. */
  const open = new Map<string, Map<string, Stop>>();
  let work: Promise<void> = Promise.resolve();

  const wantedOf = (owner: string): Forwarded => wanted.get(owner) ?? nothing;

  function set(owner: string, change: Partial<Forwarded>): void {
    const forwarded = { ...wantedOf(owner), ...change };
    if (forwarded.listeners.length === 0 && forwarded.backend === undefined) wanted.delete(owner);
    else wanted.set(owner, forwarded);
    work = work.then(() => settle(owner));
  }

  async function settle(owner: string): Promise<void> {
    const opened = open.get(owner) ?? new Map<string, Stop>();
    const links = linksOf(wantedOf(owner));
    for (const [link, close] of opened) {
      if (links.has(link)) continue;
      opened.delete(link);
      await close();
    }
    for (const [link, { listener, backend }] of links) {
      if (opened.has(link)) continue;
      // One listener that somebody else holds is no reason to close the others.
      const { host, port } = listener;
      const close = await forward({ host, port }, () => backend.dial(listener)).catch((error: unknown) => {
        log(`${owner} at ${host}: ${error instanceof Error ? error.message : String(error)}`);
      });
      if (close !== undefined) opened.set(link, close);
    }
    if (opened.size === 0) open.delete(owner);
    else open.set(owner, opened);
  }

  return {
    setListeners(owner, listeners) {
      set(owner, { listeners });
    },
    setBackend(owner, backend) {
      set(owner, { backend });
    },
    isOpen(owner) {
      const forwarded = wantedOf(owner);
      const opened = [...linksOf(forwarded).keys()].filter((link) => open.get(owner)?.has(link));
      return opened.length === forwarded.listeners.length;
    },
    async stop() {
      await work;
      await Promise.all([...open.values()].flatMap((opened) => [...opened.values()].map((close) => close())));
    },
  };
}

interface Link {
  readonly listener: Listener;
  readonly backend: Backend;
}

/** All links of one owner by name; none without a backend. */
function linksOf({ listeners, backend }: Forwarded): ReadonlyMap<string, Link> {
  return new Map(
    backend === undefined
      ? []
      : listeners.map((listener) => [
          `${listener.host}:${listener.port} to ${listener.inside.host} of ${backend.name}`,
          { listener, backend },
        ]),
  );
}
