import { knowing } from "../../rehearsal/host/network/name-space.ts";
import { root } from "../../rehearsal/kit/paths.ts";
import { parseEvent } from "../../rehearsal/engine/progress.ts";
import type { Stack } from "../../rehearsal/engine/rehearsed-stack.ts";
import { pulumi } from "../../rehearsal/engine/stack.ts";
import { timed } from "./command.ts";
import type { Operation, Resource } from "./critical-path.ts";

/** A Pulumi program and its stack. */
export interface Program {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Arguments that every operation needs. */
  readonly flags: readonly string[];
}

/** The lab's program on a rehearsed stack. */
export const labProgram = ({ env, configFile }: Stack): Program => ({
  cwd: root,
  env,
  flags: ["--config-file", configFile],
});

const verbs = {
  preview: ["preview"],
  up: ["up", "--yes", "--skip-preview"],
  destroy: ["destroy", "--yes", "--skip-preview"],
} as const;

/** An operation of the engine: how long it took, and what it did when. */
export interface Timed {
  readonly seconds: number;
  /** Seconds until the program began to register resources; undefined if it registered none. */
  readonly begun: number | undefined;
  readonly operations: readonly Operation[];
  /** How many resources had each kind of change; `same` is none. */
  readonly changes: Readonly<Record<string, number | undefined>>;
}

/** Runs an operation on a program. */
export async function operate(program: Program, verb: keyof typeof verbs): Promise<Timed> {
  const started = new Map<string, number>();
  const operations: Operation[] = [];
  let begun: number | undefined;
  let changes: Timed["changes"] = {};
  const args = [...verbs[verb], "--json", "--color", "never", "--non-interactive", ...program.flags];
  const seconds = await timed(knowing("pulumi"), args, {
    cwd: program.cwd,
    env: { ...program.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
    onLine(line, now) {
      const { resourcePreEvent, resOutputsEvent, summaryEvent } = parseEvent(line) ?? {};
      if (resourcePreEvent !== undefined) {
        const { urn, type } = resourcePreEvent.metadata;
        started.set(urn, now);
        if (type !== "pulumi:pulumi:Stack") begun ??= now;
      }
      if (summaryEvent !== undefined) changes = summaryEvent.resourceChanges;
      const { urn, new: resource } = resOutputsEvent?.metadata ?? {};
      const start = urn === undefined ? undefined : started.get(urn);
      // A component's end says nothing: it is that of the program's last word on it.
      if (urn === undefined || start === undefined || resource?.custom !== true) return;
      operations.push({ urn, start, end: now });
    },
  });
  return { seconds, begun, operations, changes };
}

/** A resource of a stack's state, secrets in plain text. */
export interface StateResource extends Resource {
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/** All resources of a stack. */
export async function resourcesOf(stack: Stack): Promise<readonly StateResource[]> {
  const state = JSON.parse(await pulumi(stack, ["stack", "export", "--show-secrets"])) as {
    deployment: { resources: StateResource[] };
  };
  return state.deployment.resources;
}
