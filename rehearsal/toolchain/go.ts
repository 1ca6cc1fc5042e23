import { spawn } from "node:child_process";
import { writeSync } from "node:fs";

/** How much room Go's caches may take for what is built here. */
export const neededGiB = 6;

/** What a failure of Go most often means, told by what it printed. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/no space left on device/i, `The disk is full. Building takes up to ${neededGiB} GiB of Go's caches.`],
  [
    /requires go >= |toolchain not available|unknown directive: toolchain|invalid go version/,
    "This Go is too old: install the version that rehearsal/toolchain/go.mod asks for, or newer.",
  ],
  [
    /dial tcp|no such host|i\/o timeout|connection refused|TLS handshake|proxyconnect|x509:|40[37] Forbidden|disabled by GOPROXY/,
    "Go's module proxy could not be reached: check the network, HTTPS_PROXY and GOPROXY (go env GOPROXY).",
  ],
  [
    /checksum mismatch|missing go\.sum entry|updates to go\.mod needed/,
    "go.mod and go.sum in rehearsal/toolchain do not fit together: restore them with git.",
  ],
  [/signal: killed/, "The compiler was killed, most likely for want of memory: about 4 GiB are needed."],
];

/** The advice for what Go printed, if any is known. */
export const hintFor = (output: string): string | undefined =>
  hints.find(([pattern]) => pattern.test(output))?.[1];

/** A command of Go that failed, with all that it printed. */
export class GoFailure extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** Where and how Go runs. */
interface GoRun {
  readonly cwd: string;
  /** An open file for all that it prints. */
  readonly log?: number;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs Go, and gives what it prints to standard output.
 *
 * @throws GoFailure where it says no
 */
export function runGo(args: readonly string[], { cwd, log, env = {} }: GoRun): Promise<string> {
  const note = (text: string): void => {
    if (log !== undefined) writeSync(log, text);
  };
  note(`=== ${new Date().toISOString()} go ${args.join(" ")}\n`);
  const child = spawn("go", args, {
    cwd,
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [printed, all] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    all += text;
    note(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
    note(text);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new GoFailure(signal === null ? `exit code ${code ?? "?"}` : `killed by ${signal}`, all));
    });
  });
}
