import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Names the process that listens on a TCP port of this machine, as far as the kernel lets us see it. */
export function listenerOn(port: number): string {
  const inodes = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(table, port)),
  );
  for (const pid of quietly(() => readdirSync("/proc")) ?? []) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of quietly(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const inode = quietly(() => readlinkSync(`/proc/${pid}/fd/${fd}`))?.match(/^socket:\[(\d+)\]$/)?.[1];
      if (inode !== undefined && inodes.has(inode)) {
        return `${programOf(pid) ?? "a process"} (pid ${pid})`;
      }
    }
  }
  return "another user's process";
}

/** What it was started as: its threads may have named it otherwise. */
function programOf(pid: string): string | undefined {
  const [command = ""] = quietly(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")) ?? [];
  return command === "" ? undefined : basename(command.split(" ")[0] ?? "");
}

function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  return (quietly(() => readFileSync(table, "utf8")) ?? "").split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === "0A" && local?.endsWith(`:${hexPort}`) && inode !== undefined ? [inode] : [];
  });
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
