import { createWriteStream, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { redact } from "../../messages/redact.ts";
import type { Display } from "../kit/display.ts";
import { recordable } from "./event-record.ts";
import { endOfHost } from "../host/supervisor/client.ts";
import { endProcess, identify } from "../kit/process-identity.ts";
import { paths } from "../kit/paths.ts";
import { createProgress, type Outcome, parseEvent } from "./progress.ts";
import type { Stack } from "./rehearsed-stack.ts";
import { emptyTemporary, engineMark, startEngine } from "./stack.ts";

/** How an operation of the engine ended. */
export interface EngineResult extends Outcome {
  readonly ok: boolean;
  /** What Pulumi said outside of its events, e.g. that the configuration is invalid. */
  readonly stderr: string;
  readonly interrupted: boolean;
}

/** How long an engine that was asked to end may take when there is no host any more. */
const withoutHostSeconds = 20;

/**
 * Runs an operation with its progress on the display. Ctrl-C once lets it end in order, twice kills it; when the host
 * ends it is ended, too, which would wait until its time-outs for what never comes.
 */
export async function runEngine(
  display: Display,
  stack: Stack,
  verb: "up" | "destroy",
): Promise<EngineResult> {
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const record = createWriteStream(join(paths.logs, `${verb}.events.ndjson`), { mode: 0o600 });
  const progress = createProgress(display);
  const child = startEngine(stack, verb);

  let interruptions = 0;
  const interrupt = (): void => {
    interruptions += 1;
    if (interruptions === 1) {
      display.line(
        "interrupted: Pulumi ends what is under way; once more to kill it (the next run converges)",
      );
      child.kill("SIGINT");
    } else {
      child.kill("SIGKILL");
    }
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  let withoutHost = 0;
  const ticker = setInterval(() => {
    progress.tick();
    if (endOfHost() === undefined) return;
    if (withoutHost === 0) {
      display.line("the host has ended: Pulumi ends what is under way");
      child.kill("SIGINT");
    }
    withoutHost += 1;
    if (withoutHost === withoutHostSeconds) child.kill("SIGKILL");
  }, 1000);

  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  createInterface(child.stdout).on("line", (line) => {
    const kept = recordable(line);
    if (kept !== undefined) record.write(`${kept}\n`);
    const event = parseEvent(line);
    if (event !== undefined) progress.event(event);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });

  clearInterval(ticker);
  display.live("");
  process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  record.end();
  // A killed engine cannot end its plugins.
  if (code === null) await endOrphans();
  emptyTemporary();
  const interrupted = interruptions > 0;
  // An engine that was asked to end may call it a success to have done nothing more.
  const ok = code === 0 && !interrupted && withoutHost === 0;
  return { ...progress.outcome(), ok, interrupted, stderr: redact(stderr).trim() };
}

/** Ends engines and plugins that outlived the driver which started them; returns their commands. */
export async function endOrphans(): Promise<string[]> {
  const mark = `${engineMark.name}=${engineMark.value}`;
  const orphans = readdirSync("/proc").filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      Number(pid) !== process.pid &&
      (read(pid, "environ").split("\0").includes(mark) || isAbandonedPlugin(pid)),
  );
  const ended = orphans.map(async (pid) => {
    const command = read(pid, "cmdline").split("\0").slice(0, 2).join(" ");
    const identity = identify(Number(pid));
    if (identity === undefined) return [];
    await endProcess(identity, 5);
    return [command];
  });
  return (await Promise.all(ended)).flat();
}

/** Whether it is a plugin of this rehearsal without an engine: some go on for minutes when theirs has ended. */
function isAbandonedPlugin(pid: string): boolean {
  const [program = ""] = read(pid, "cmdline").split("\0");
  if (!program.startsWith(`${paths.plugins}/`)) return false;
  const [, parent = ""] = /^PPid:\s*(\d+)$/m.exec(read(pid, "status")) ?? [];
  return basename(read(parent, "cmdline").split("\0")[0] ?? "") !== "pulumi";
}

/** Other users' processes, and those that have just ended, cannot be read. */
function read(pid: string, file: "environ" | "cmdline" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
