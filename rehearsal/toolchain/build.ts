import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Display, duration } from "../display.ts";
import { readFileIfAny } from "../host/files.ts";
import { paths } from "../paths.ts";
import type { Tool } from "./tools.ts";

/** One program to build. */
export interface Build {
  readonly tool: Tool;
  readonly version: string;
  readonly linkerFlags: string;
  /** E.g. `2 of 8`. */
  readonly count: string;
}

const neededGiB = 6;
const heartbeatSeconds = 30;

/** What a failed build most often means, told by what it printed. */
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

/** The advice for a build's output, if any is known. */
export const hintFor = (output: string): string | undefined =>
  hints.find(([pattern]) => pattern.test(output))?.[1];

/** Fails early where a build could only fail late: without Go, or without room for its caches. */
export function checkBuildable(names: readonly string[]): void {
  const env = spawnSync("go", ["env", "GOCACHE", "GOMODCACHE"], { encoding: "utf8" });
  if (env.error !== undefined || env.status !== 0) {
    throw new Error(
      `${names.join(", ")} must be built, and there is no working Go on PATH. Install Go (https://go.dev/dl), ` +
        "or put accepted versions of these programs on PATH (rehearsal/toolchain/tools.ts says which).",
    );
  }
  for (const folder of [...env.stdout.trim().split("\n"), paths.bin]) {
    const { bavail, bsize } = statfsSync(existingParent(folder));
    const free = (bavail * bsize) / 2 ** 30;
    if (free < neededGiB) {
      throw new Error(
        `${names.join(", ")} must be built, and that may take ${neededGiB} GiB; only ${free.toFixed(1)} GiB are free at ` +
          `${folder}. Make room there, or set GOCACHE and GOMODCACHE to places that have it.`,
      );
    }
  }
}

const existingParent = (path: string): string => (existsSync(path) ? path : existingParent(dirname(path)));

/** Builds one program; a build that is interrupted leaves nothing but Go's caches, from which the next goes on. */
export async function build(display: Display, { tool, version, linkerFlags, count }: Build): Promise<void> {
  const target = join(paths.bin, tool.name);
  const draft = join(paths.bin, `.${tool.name}.tmp`);
  const logFile = join(paths.logs, "toolchain.log");
  mkdirSync(paths.bin, { recursive: true, mode: 0o700 });
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });

  const args = ["build", "-mod=readonly", "-trimpath", "-ldflags", linkerFlags, "-o", draft];
  const log = openSync(logFile, "a", 0o600);
  writeSync(log, `=== ${new Date().toISOString()} go ${args.join(" ")} ${packageOf(tool)}\n`);
  const start = display.elapsed();
  const what = `building ${tool.name} ${version} (${count})`;
  display.line(what);
  const ticker = setInterval(
    () => {
      const text = `${what} ... ${Math.round(display.elapsed() - start)} s`;
      if (display.tty) display.live(text);
      else display.line(text);
    },
    display.tty ? 1000 : heartbeatSeconds * 1000,
  );
  const ended = await exitOf(
    spawn("go", [...args, packageOf(tool)], {
      cwd: join(import.meta.dirname),
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
      stdio: ["ignore", log, log],
    }),
  );
  clearInterval(ticker);
  closeSync(log);

  if (ended !== 0) {
    rmSync(draft, { force: true });
    const output = (readFileIfAny(logFile) ?? "").split(/^=== .*\n/m).at(-1) ?? "";
    const tail = output.trimEnd().split("\n").slice(-15).join("\n");
    throw new Error(
      [
        `${tool.name} could not be built (${ended}):`,
        tail,
        hintFor(output),
        `Everything it printed: ${logFile}`,
      ]
        .filter((line) => line !== undefined)
        .join("\n"),
    );
  }
  renameSync(draft, target);
  display.line(`built ${tool.name} ${version} in ${duration(display.elapsed() - start)}`);
}

const packageOf = ({ module, path }: Tool): string => (path === "" ? module : `${module}/${path}`);

const exitOf = (child: ChildProcess): Promise<0 | string> =>
  new Promise((resolve) => {
    child.on("error", (error) => {
      resolve(error.message);
    });
    child.on("exit", (code, signal) => {
      resolve(code === 0 ? 0 : signal === null ? `exit code ${code ?? "?"}` : `killed by ${signal}`);
    });
  });
