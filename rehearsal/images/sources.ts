import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { shortest } from "../kit/paths.ts";
import { librariesOf } from "./elf.ts";
import { type Entry, folder, program, text } from "./entries.ts";

/** Where the files that images are made of lie on this machine. */
export interface Sources {
  /** The folder of all programs. */
  readonly bin: string;
  /** The program nft itself, not a script that starts it. */
  readonly nft: string;
  /** Folders with shared libraries, the first one first. */
  readonly libraries: readonly string[];
  /** The template that pilot-agent makes Envoy's first configuration of. */
  readonly envoyBootstrap: string;
}

/** What Debian calls the machine. */
const triple = arch() === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

/** Where the distributions keep shared libraries. */
export const machineLibraries: readonly string[] = [
  `/lib/${triple}`,
  `/usr/lib/${triple}`,
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];

/** A file that has to be there. */
export function existing(file: string): string {
  if (existsSync(file)) return file;
  throw new Error(
    `${shortest(file)} is not there, which an image is made of: make tools makes or fetches it.`,
  );
}

/** Programs of the folder of programs at paths of the image, with the libraries that they need. */
export const programs = (sources: Sources, places: Readonly<Record<string, string>>): readonly Entry[] =>
  Object.entries(places).flatMap(([name, path]) => fileWithLibraries(sources, join(sources.bin, name), path));

/** A program at a path of the image, with the libraries that it needs. */
export function fileWithLibraries({ libraries }: Sources, from: string, path: string): readonly Entry[] {
  const file = existing(from);
  const needed = librariesOf(file, libraries);
  return [program(path, file), ...(needed.length === 0 ? [] : withLibraries(needed))];
}

/** A loader looks where its distribution has libraries: here each of these folders is one and the same. */
const withLibraries = (libraries: ReturnType<typeof librariesOf>): readonly Entry[] => [
  folder("lib64"),
  { path: `lib64/${triple}`, link: "." },
  { path: "lib", link: "lib64" },
  { path: "usr/lib", link: "../lib64" },
  { path: "usr/lib64", link: "../lib64" },
  ...libraries.map(({ name, file }) => program(`lib64/${name}`, file)),
];

/** Names of users and groups, among them the ones that the images' programs run as. */
const users = { root: 0, nobody: 65534, curl_user: 100, bookinfo: 1000, "istio-proxy": 1337 };
const homeOf = (name: string): string => (name === "root" ? "/root" : "/");

/** A shell with the usual commands, users, and the certificates that Node trusts. */
export function base(sources: Sources): readonly Entry[] {
  const busybox = existing(join(sources.bin, "busybox"));
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n").filter(Boolean);
  return [
    program("bin/busybox", busybox),
    ...applets
      .filter((name) => name !== "busybox")
      .map((name): Entry => ({ path: `bin/${name}`, link: "busybox" })),
    { path: "usr/bin/env", link: "../../bin/env" },
    folder("tmp", 0o1777),
    folder("root", 0o700),
    text(
      "etc/passwd",
      lines((name, id) => `${name}:x:${id}:${id}::${homeOf(name)}:/bin/sh`),
    ),
    text(
      "etc/group",
      lines((name, id) => `${name}:x:${id}:`),
    ),
    text("etc/ssl/certs/ca-certificates.crt", `${rootCertificates.join("\n")}\n`),
  ];
}

const lines = (line: (name: string, id: number) => string): string =>
  Object.entries(users)
    .map(([name, id]) => `${line(name, id)}\n`)
    .join("");
