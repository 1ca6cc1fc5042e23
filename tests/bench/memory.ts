import { readdirSync, readFileSync } from "node:fs";

const everyMs = 1000;

/**
 * Looks every second how much memory this process and all that it started use; what processes share counts once.
 * The returned function ends that, and says the most there was, in MiB.
 */
export function watchMemory(): () => number {
  let most = 0;
  const look = (): void => {
    const used = family().reduce((sum, pid) => sum + proportionalSize(pid), 0);
    most = Math.max(most, used / 1024);
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    return most;
  };
}

/** This process and its descendants. */
function family(): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const parent = parentOf(entry);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const below = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(process.pid);
}

function parentOf(pid: string): number | undefined {
  if (!/^\d+$/.test(pid)) return undefined;
  const stat = read(`/proc/${pid}/stat`);
  // The command before it is in parentheses, and may have some of its own.
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(parent);
}

/** In KiB. */
const proportionalSize = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);

/** Processes that have just ended cannot be read. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
