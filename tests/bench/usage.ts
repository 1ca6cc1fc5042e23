import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

const everyMs = 1000;
/** In which Linux counts a process's time. */
const ticksPerSecond = 100;

/** What all that a process started has used. */
export interface Usage {
  /** The most memory at once, in MiB; what processes share counts once. */
  readonly memory: number;
  /** Time of the processors by program, in seconds. */
  readonly time: Readonly<Record<string, number>>;
}

/** A process as it was seen last; times are in seconds. */
export interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly program: string;
  readonly own: number;
  /** Of its children that have ended. */
  readonly ended: number;
}

/** Looks every second what all that this process started uses. The returned function ends that. */
export function watchUsage(): () => Usage {
  let memory = 0;
  const seen = new Map<string, Seen>();
  const look = (): void => {
    const processes = descendants();
    const used = processes.reduce(
      (sum, { pid }) => sum + proportionalSize(pid),
      proportionalSize(process.pid),
    );
    memory = Math.max(memory, used / 1024);
    for (const each of processes) seen.set(`${each.pid} ${each.program}`, each);
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    return { memory, time: timeByProgram([...seen.values()]) };
  };
}

/** Stand-ins and real ones. They outlive what they start, most of which lives too short to be seen to its end. */
const isPlugin = (program: string): boolean => /\.mjs$|^pulumi-(resource|language)-/.test(program);

/** Adds up what each program took; what a plugin started is counted by the plugin. */
export function timeByProgram(processes: readonly Seen[]): Readonly<Record<string, number>> {
  const plugins = new Set(processes.filter(({ program }) => isPlugin(program)).map(({ pid }) => pid));
  const time: Record<string, number> = {};
  const add = (what: string, seconds: number): void => {
    if (seconds > 0) time[what] = (time[what] ?? 0) + seconds;
  };
  for (const { pid, parent, program, own, ended } of processes) {
    if (plugins.has(parent)) continue;
    add(program, own);
    if (plugins.has(pid)) add(`what ${program} starts`, ended);
  }
  return time;
}

function descendants(): readonly Seen[] {
  const children = new Map<number, Seen[]>();
  for (const entry of readdirSync("/proc")) {
    const one = /^\d+$/.test(entry) ? see(Number(entry)) : undefined;
    if (one !== undefined) children.set(one.parent, [...(children.get(one.parent) ?? []), one]);
  }
  const below = (pid: number): Seen[] => (children.get(pid) ?? []).flatMap((one) => [one, ...below(one.pid)]);
  return below(process.pid);
}

function see(pid: number): Seen | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The command before it is in parentheses, and may have some of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [, parent, , , , , , , , , , user, system, endedUser, endedSystem] = fields.map(Number);
  const program = programOf(read(`/proc/${pid}/cmdline`).split("\0"));
  // One that has ended and is still in the list has no command any more, and was seen before.
  if (parent === undefined || endedSystem === undefined || program === "") return undefined;
  const seconds = (...ticks: (number | undefined)[]): number =>
    ticks.reduce<number>((sum, count = 0) => sum + count, 0) / ticksPerSecond;
  return {
    pid,
    parent,
    program,
    own: seconds(user, system),
    ended: seconds(endedUser, endedSystem),
  };
}

/** The name of a program, or of the script that Node runs. */
export function programOf([program = "", ...args]: readonly string[]): string {
  const script = args.find((arg) => !arg.startsWith("-"));
  return basename(basename(program) === "node" && script !== undefined ? script : program);
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
