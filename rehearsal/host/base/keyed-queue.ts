/** What became of an object. */
export interface Notice<T> {
  readonly kind: "changed" | "deleted";
  readonly object: T;
}

export interface KeyedQueueOptions<T> {
  readonly handle: (notice: Notice<T>) => void | Promise<void>;
  /** Told of each failure; the handler is called again when it resolves. */
  readonly failed: (notice: Notice<T>, error: unknown) => Promise<void>;
  readonly stopped: () => boolean;
}

/** Delivers notices: in order and one at a time for each key, side by side for different ones. */
export interface KeyedQueue<T> {
  push(key: string, notice: Notice<T>): void;
  /** Resolves when no handler runs any more. */
  idle(): Promise<void>;
}

/** A queue for each key, in which a newer state takes the place of an older one that nobody has seen yet. */
export function createKeyedQueue<T>({ handle, failed, stopped }: KeyedQueueOptions<T>): KeyedQueue<T> {
  const queues = new Map<string, { readonly queue: Notice<T>[]; readonly running: Promise<void> }>();

  async function drain(key: string, queue: Notice<T>[]): Promise<void> {
    // The first notice is pushed before, the handler is called after the caller has gone on.
    await Promise.resolve();
    for (let notice = queue.shift(); notice !== undefined && !stopped(); notice = queue.shift()) {
      for (let again = true; again && !stopped();) {
        try {
          await handle(notice);
          again = false;
        } catch (error) {
          await failed(notice, error);
          // A delete must be dealt with; a state that has been overtaken need not.
          again = notice.kind === "deleted" || queue.length === 0;
        }
      }
    }
    queues.delete(key);
  }

  return {
    push(key, notice) {
      const running = queues.get(key);
      if (running === undefined) {
        const queue = [notice];
        queues.set(key, { queue, running: drain(key, queue) });
      } else {
        if (running.queue.at(-1)?.kind === "changed") running.queue.pop();
        running.queue.push(notice);
      }
    },
    async idle() {
      await Promise.all([...queues.values()].map(({ running }) => running));
    },
  };
}
