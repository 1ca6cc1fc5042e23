import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { pulumiYaml } from "../../config/stack-file/pulumi-yaml.ts";
import { readProject, readStackFile } from "../../config/stack-file/stack-file.ts";
import { createDisplay } from "../../rehearsal/kit/display.ts";
import { endOrphans } from "../../rehearsal/engine/engine.ts";
import { ensureHost, stopHost } from "../../rehearsal/host/supervisor/client.ts";
import type { HostChoice } from "../../rehearsal/profile/choice.ts";
import { defaultHost } from "../../rehearsal/profile/settings.ts";
import { root } from "../../rehearsal/kit/paths.ts";
import type { Stack } from "../../rehearsal/engine/rehearsed-stack.ts";
import { prepare } from "../../rehearsal/driver/up.ts";
import { discard } from "../../rehearsal/driver/discard.ts";
import { stopping } from "./command.ts";
import type { Delay, Size } from "./figures.ts";
import { folders } from "./folders.ts";

/** The lab of a stack file, on a host that nothing has been on. */
export interface Lab {
  readonly delay: Delay;
  /** What differs from the configuration of stack `dev`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** A host with room for any of the labs, instead of the article's. */
  readonly roomy?: true;
}

/** The article's lab and nothing more. */
export const articleLab = (delay: Delay): Lab => ({ delay, config: { multiCluster: false } });

/** A lab with so many workload clusters; of two, it is the one that `make rehearse` builds. */
export const labOf = (size: Size): Lab => ({
  delay: "none",
  roomy: true,
  config: {
    workloads: Array.from({ length: size }, (_, index) => ({
      name: `devcluster${index + 1}`,
      bookinfo: { reviews: index === 0 ? ["v1", "v2"] : ["v1", "v2", "v3"] },
    })),
  },
});

const room = JSON.stringify({ nodes: [{ count: 1, cpu: 64, memory: "256Gi", pods: 250 }] });

const silent = createDisplay({ write: () => true });

const choiceOf = ({ delay }: Lab): HostChoice => ({
  pods: "simulated",
  host: defaultHost,
  delays: delay,
  seed: 1,
});

/** Does something on a fresh host; whatever becomes of it, no process and no data stays. */
export async function onFreshHost<T>(lab: Lab, work: (stack: Stack) => Promise<T>): Promise<T> {
  await throwAway();
  stopping.signal.throwIfAborted();
  process.env["REHEARSAL_SETTINGS"] = lab.roomy === true ? room : "";
  try {
    const { stack } = await prepare(silent, { stack: "dev", charts: undefined, versionSet: "article" });
    configure(stack, lab.config);
    await startHost(lab);
    return await work(stack);
  } finally {
    await throwAway();
  }
}

/** Starts the lab's host; with what is on it, where it was stopped only. */
export const startHost = (lab: Lab): Promise<void> => ensureHost(choiceOf(lab), () => undefined);

/** Ends every process, and removes everything but the tools. */
export async function throwAway(): Promise<void> {
  await endOrphans();
  await stopHost();
  await discard();
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
}

function configure({ configFile }: Stack, changes: Lab["config"]): void {
  const { name } = readProject(root);
  const file = readStackFile(configFile, readFileSync(configFile, "utf8"), name);
  const changed = Object.entries(changes).map(([key, value]) => [`${name}:${key}`, value] as const);
  const config = { ...file.config, ...Object.fromEntries(changed) };
  writeFileSync(configFile, pulumiYaml({ ...file, config }));
}
