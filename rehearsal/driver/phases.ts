import { type Display, duration } from "../kit/display.ts";

/** Measures the parts of a run. */
export interface Phases {
  /** Does one part and remembers how long it took. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** A line per part, and their whole; parts may have overlapped. */
  table(): string[];
}

/** Parts of a run whose time is told by the display's clock. */
export function createPhases(display: Display): Phases {
  const times = new Map<string, number>();
  return {
    async run(name, work) {
      const start = display.elapsed();
      try {
        return await work();
      } finally {
        times.set(name, display.elapsed() - start);
      }
    },
    table: () => {
      const rows = [...times, ["altogether", display.elapsed()] as const];
      const width = Math.max(...rows.map(([name]) => name.length));
      return rows.map(([name, seconds]) => `${name.padEnd(width)}  ${duration(seconds).padStart(6)}`);
    },
  };
}
