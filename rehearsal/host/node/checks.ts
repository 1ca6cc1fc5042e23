import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { rehearsalDir, root } from "../../kit/paths.ts";
import { type SandboxUser, sandboxUser, trialArguments } from "./sandbox.ts";

/** Failures of a trial, and the remedy of each; the first that fits counts. */
const remedies: readonly (readonly [failure: RegExp, remedy: string])[] = [
  [/spawn unshare ENOENT/, "Install util-linux."],
  [/newuidmap|newgidmap/, "Install uidmap (on Fedora, shadow-utils)."],
  [
    /uid_map|gid_map|failed to find|range/i,
    "Give your user 65,536 ids: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER.",
  ],
  [/\bip: (command )?not found/, "Install iproute2."],
  [/unshare failed|Operation not permitted/i, "Allow user namespaces, or run as root."],
];

const ubuntu = "On Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0.";

/** Folders that the sandbox covers with empty ones. */
const covered = ["/run", "/var/lib", "/var/log"];

/**
 * Why this machine cannot run containers, and what mends it; undefined if it can.
 *
 * @param user who would run them
 */
export async function containersRefusal(user: SandboxUser = sandboxUser()): Promise<string | undefined> {
  const hidden = [root, rehearsalDir, process.execPath].find((place) =>
    covered.some((folder) => place.startsWith(`${folder}/`)),
  );
  if (hidden !== undefined)
    return `${hidden} is not visible in the node's sandbox, which has folders of its own at ${covered.join(", ")}. Move it elsewhere.`;
  try {
    await promisify(execFile)("unshare", trialArguments(user), { timeout: 20_000 });
    return undefined;
  } catch (error) {
    return explain(error);
  }
}

/** The message about a trial that failed. */
export function explain(error: unknown): string {
  const { stderr = "", message = "" } = error as { readonly stderr?: string; readonly message?: string };
  const reason = (stderr.trim().split("\n").at(-1) || message.split("\n")[0]) ?? "";
  const remedy = remedies.find(([failure]) => failure.test(`${message}\n${stderr}`))?.[1];
  const advice = remedy === undefined ? "" : ` ${remedy}${remedy.includes("root") ? ` ${ubuntu}` : ""}`;
  return `The node's sandbox cannot be made: ${reason}.${advice}`;
}
