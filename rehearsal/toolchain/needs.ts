import { spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { paths } from "../kit/paths.ts";
import type { Need } from "./tool.ts";

/** What a program prints; undefined: it fails, or there is none. */
export function answerOf(program: string, args: readonly string[]): string | undefined {
  const { error, status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return error === undefined && status === 0 ? stdout : undefined;
}

const cachesOfGo = (): readonly string[] | undefined =>
  answerOf("go", ["env", "GOCACHE", "GOMODCACHE"])?.trim().split("\n");

/** A Go that works. */
export const needsGo: Need = () =>
  cachesOfGo() === undefined
    ? { reason: "there is no working Go on PATH", remedy: "Install Go (https://go.dev/dl)" }
    : undefined;

/** What Go's caches take of the disk: of modules, and of what is compiled in so many processor seconds. */
const gibOfModules = 2;
const secondsPerGib = 160;

/** Room for Go's caches. */
export const needsRoom: Need = (concerned) => {
  const seconds = concerned.reduce((sum, { cost }) => sum + cost, 0);
  const neededGiB = Math.round(gibOfModules + seconds / secondsPerGib);
  for (const folder of [...(cachesOfGo() ?? []), paths.bin]) {
    const { bavail, bsize } = statfsSync(existingParent(folder));
    const free = (bavail * bsize) / 2 ** 30;
    if (free < neededGiB)
      return {
        reason: `that may take ${neededGiB} GiB; only ${free.toFixed(1)} GiB are free at ${folder}`,
        remedy: "Make room there, set GOCACHE and GOMODCACHE to places that have it",
      };
  }
  return undefined;
};

const existingParent = (path: string): string => (existsSync(path) ? path : existingParent(dirname(path)));

/** A C compiler, with the headers of the C library. */
export const needsGcc: Need = () =>
  answerOf("sh", ["-c", "echo '#include <stdlib.h>' | ${CC:-gcc} -E -x c -"]) === undefined
    ? {
        reason: "there is no gcc that works, for its parts in C",
        remedy: "Install gcc and the C library's headers (Debian: apt-get install gcc libc6-dev)",
      }
    : undefined;

/** Python with pip. */
export const needsPip: Need = () =>
  answerOf("python3", ["-m", "pip", "--version"]) === undefined
    ? { reason: "there is no python3 with pip on PATH", remedy: "Install package python3-pip" }
    : undefined;
