import { join } from "node:path";
import { withAddresses } from "../host/network/names.ts";
import { paths } from "../kit/paths.ts";
import { type Deployment, execute, settle } from "./recover.ts";
import { connect } from "./repair.ts";
import type { Stack } from "../engine/rehearsed-stack.ts";
import { ownFolders, pulumi, removeAttributes } from "../engine/stack.ts";

const tools = {
  helm: join(paths.bin, "helm"),
  ambient: paths.kubeconfig,
  reachable: withAddresses,
  folders: ownFolders,
};

/** Whether the host's API server answers within some seconds. */
export function hostAnswers(patience: number): Promise<boolean> {
  return connect({ ...tools, patience }, { context: "host" }).then(
    () => true,
    () => false,
  );
}

/** Makes a stack that was left locked, or in the middle of something, ready for another run. */
export async function recoverStack(
  stack: Stack,
  locked: boolean,
  say: (line: string) => void,
): Promise<void> {
  removeAttributes();
  if (locked) {
    await pulumi(stack, ["cancel", "--yes"]);
    say("an earlier run was killed: its lock on the stack is removed");
  }
  const deployment = async (...flags: string[]): Promise<Deployment> =>
    JSON.parse(await pulumi(stack, ["stack", "export", ...flags])) as Deployment;
  const open = await deployment("--show-secrets");
  if (open.deployment.pending_operations === undefined) return;
  const effects = await execute(open, (access) => connect({ ...tools, patience: 60 }, access), say);
  // The copy that goes back keeps its secrets encrypted.
  await pulumi(stack, ["stack", "import"], JSON.stringify(settle(await deployment(), effects)));
}
