import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Display, duration } from "../kit/display.ts";
import { readFileIfAny } from "../kit/files.ts";
import { paths } from "../kit/paths.ts";
import type { Source } from "./sources.ts";
import type { Tool } from "./tools.ts";

/** One program to build. */
export interface Build {
  readonly source: Source;
  readonly tool: Tool;
  readonly version: string;
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
export function checkBuildable(names: readonly string[], instead: string): void {
  const env = spawnSync("go", ["env", "GOCACHE", "GOMODCACHE"], { encoding: "utf8" });
  if (env.error !== undefined || env.status !== 0) {
    throw new Error(
      `${names.join(", ")} must be built, and there is no working Go on PATH. Install Go (https://go.dev/dl), or ${instead}.`,
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
export async function build(display: Display, { source, tool, version, count }: Build): Promise<void> {
  const target = join(paths.bin, tool.name);
  const draft = join(paths.bin, `.${tool.name}.tmp`);
  const laidOver = join(paths.bin, `.${tool.name}.files`);
  const logFile = join(paths.logs, "toolchain.log");
  mkdirSync(paths.bin, { recursive: true, mode: 0o700 });
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });

  const log = openSync(logFile, "a", 0o600);
  const start = display.elapsed();
  const what = `building ${tool.name} ${version} (${count})`;
  display.line(source.cost === undefined ? what : `${what}, which ${source.cost}`);
  const ticker = setInterval(
    () => {
      const text = `${what} ... ${Math.round(display.elapsed() - start)} s`;
      if (display.tty) display.live(text);
      else display.line(text);
    },
    display.tty ? 1000 : heartbeatSeconds * 1000,
  );
  try {
    const go = (...args: string[]): Promise<string> => runGo(args, source.folder, log);
    const overlaid = await overlay(source, laidOver, go);
    const args = ["build", "-mod=readonly", "-trimpath", ...source.flags, ...overlaid, "-o", draft];
    await go(...args, packageOf(tool));
    renameSync(draft, target);
  } catch (error) {
    const output = (readFileIfAny(logFile) ?? "").split(/^=== .*\n/m).at(-1) ?? "";
    throw new Error(
      [
        `${tool.name} could not be built (${error instanceof Error ? error.message : String(error)}):`,
        output.trimEnd().split("\n").slice(-15).join("\n"),
        hintFor(output),
        `Everything it printed: ${logFile}`,
      ]
        .filter((line) => line !== undefined)
        .join("\n"),
    );
  } finally {
    clearInterval(ticker);
    closeSync(log);
    for (const rest of [draft, laidOver]) rmSync(rest, { recursive: true, force: true });
  }
  display.line(`built ${tool.name} ${version} in ${duration(display.elapsed() - start)}`);
}

/** The flags that lay the files which sources embed over their folder; it stays as it is. */
async function overlay(
  { folder, embedded }: Source,
  place: string,
  go: (...args: string[]) => Promise<string>,
): Promise<string[]> {
  if (embedded === undefined) return [];
  const { Dir } = JSON.parse(await go("mod", "download", "-json", embedded.module)) as { Dir: string };
  const files = Object.entries(embedded.files(Dir));
  mkdirSync(place, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(place, name), text);
  const replaced = files.map(([name]) => [join(folder, name), join(place, name)] as const);
  const list = join(place, "overlay.json");
  writeFileSync(list, JSON.stringify({ Replace: Object.fromEntries(replaced) }));
  return ["-overlay", list];
}

function packageOf({ module, path }: Tool): string {
  if (path.startsWith(".")) return path;
  return path === "" ? module : `${module}/${path}`;
}

/** Runs Go, and gives what it prints to standard output; all that it prints is in the log, too. */
function runGo(args: readonly string[], cwd: string, log: number): Promise<string> {
  writeSync(log, `=== ${new Date().toISOString()} go ${args.join(" ")}\n`);
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off" };
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, { cwd, env, stdio: ["ignore", "pipe", log] });
    child.on("error", reject);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      writeSync(log, text);
    });
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(signal === null ? `exit code ${code ?? "?"}` : `killed by ${signal}`));
    });
  });
}
