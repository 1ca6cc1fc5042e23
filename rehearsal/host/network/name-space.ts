import { execFile } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { paths } from "../../kit/paths.ts";
import { shellWord } from "../../kit/words.ts";
import { writeFileAtomically } from "../../kit/files.ts";
import { hostsFile, nameOf } from "./names.ts";
import { addressIn } from "./network.ts";

/*
 * Load balancers' names must resolve for Pulumi and all it starts: Node, and static Go programs, which ask /etc/hosts
 * and nobody else that could be told. The machine's own file stays as it is; they see another one in its place, in a
 * mount namespace of their own.
 */

const hosts = join(paths.names, "hosts");
const folder = join(paths.names, "bin");

/** What must know them: the Pulumi CLI, and Node for what people do with the lab. */
const programs = { pulumi: join(paths.bin, "pulumi"), node: process.execPath } as const;

/** A program; where load balancers have names, it is one that knows them. */
export function knowing(program: keyof typeof programs): string {
  const wrapper = join(folder, program);
  return existsSync(wrapper) ? wrapper : programs[program];
}

/** How to get a mount namespace: by right, or in a user namespace, in which everybody is root. */
const ways = [["--mount"], ["--mount", "--map-root-user"]];

/** Makes the programs that know the names of a network's load balancers. */
export async function provideNames(network: number): Promise<void> {
  writeFileAtomically(hosts, hostsFile(readFileSync("/etc/hosts", "utf8"), network));
  const refusals = new Set<string>();
  for (const way of ways) {
    const refusal = await refusalOf(way, addressIn(network, "loadBalancer", 2));
    if (refusal === undefined) {
      for (const [name, program] of Object.entries(programs)) {
        const command = unshare(way, program).map(shellWord).join(" ");
        writeFileAtomically(join(folder, name), `#!/bin/sh\nexec unshare ${command} "$@"\n`);
        chmodSync(join(folder, name), 0o700);
      }
      return;
    }
    refusals.add(refusal);
  }
  withdrawNames();
  throw new Error(noNamespace([...refusals]));
}

/** Removes what `provideNames` made. */
export function withdrawNames(): void {
  rmSync(paths.names, { recursive: true, force: true });
}

/** Arguments with which unshare becomes a program that sees the hosts file. */
const unshare = (way: readonly string[], program: string): string[] => [
  ...way,
  "--",
  "sh",
  "-c",
  'mount --bind "$0" /etc/hosts && exec "$@"',
  hosts,
  program,
];

/** Why a way does not lead to a program for which the name of this address resolves; undefined if it does. */
async function refusalOf(way: readonly string[], address: string): Promise<string | undefined> {
  const lookUp = `require("node:dns").promises.lookup("${nameOf(address)}").then((found) => console.log(found.address))`;
  try {
    const { stdout } = await promisify(execFile)("unshare", [
      ...unshare(way, process.execPath),
      "-e",
      lookUp,
    ]);
    return stdout.trim() === address ? undefined : `${nameOf(address)} resolves to ${stdout.trim()}`;
  } catch (error) {
    const {
      code,
      stderr = "",
      message = "",
    } = error as { code?: unknown; stderr?: string; message?: string };
    if (code === "ENOENT") return "there is no program unshare (package util-linux)";
    return (stderr || message).trim().split("\n").at(-1);
  }
}

/** What to say where no way leads there. */
const noNamespace = (refusals: readonly string[]): string =>
  "This host's load balancers have host names, which Pulumi gets to know in a mount namespace of its own; " +
  `there is none to be had: ${refusals.join("; ")}. Run as root (in a container, a privileged one), or allow user namespaces ` +
  "(sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), or choose a HOST with other load balancers.";
