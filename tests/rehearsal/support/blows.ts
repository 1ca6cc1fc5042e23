import type { ChildProcess } from "node:child_process";
import { basename } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { engineProcesses, killProcess, killSupervisor } from "./faults.ts";
import type { rehearsalIn } from "./rehearsal.ts";

type Rehearsal = ReturnType<typeof rehearsalIn>;

/** Something that is killed, without a chance to clean up, while a verb runs. */
export interface Blow {
  readonly verb: "up" | "down";
  readonly victim: keyof typeof victims;
  /** It is struck when the verb has said so many lines, or not at all where it says fewer. */
  readonly line: number;
}

const isEngine = ([program = "", verb = ""]: readonly string[]): boolean =>
  basename(program) === "pulumi" && ["up", "destroy"].includes(verb);

const isKubernetesPlugin = ([program = ""]: readonly string[]): boolean =>
  basename(program) === "pulumi-resource-kubernetes";

function killEngine(directory: string, isWanted: (command: readonly string[]) => boolean): void {
  for (const { pid } of engineProcesses(directory, isWanted)) process.kill(pid, "SIGKILL");
}

const victims = {
  driver: (_: string, driver: ChildProcess) => {
    driver.kill("SIGKILL");
  },
  engine: (directory: string) => {
    killEngine(directory, isEngine);
  },
  plugins: (directory: string) => {
    killEngine(directory, isKubernetesPlugin);
  },
  supervisor: (directory: string) => {
    killSupervisor(directory);
  },
  "host's API server": (directory: string) => {
    killProcess(directory, "host.kube-apiserver");
  },
} as const;

/** Any blow; a lab of two virtual clusters comes up with some 60 lines, and goes down with a few less. */
export const blows: fc.Arbitrary<Blow> = fc.record({
  verb: fc.constantFrom("up", "down"),
  victim: fc.constantFrom(...(Object.keys(victims) as (keyof typeof victims)[])),
  line: fc.integer({ min: 5, max: 70 }),
});

/**
 * A lab that is struck, and gets over it: the next `up` builds it whole, after that there is nothing to do, and it goes
 * without a trace.
 *
 * @returns whether the blow came before the verb's end
 */
export async function getsOver(rehearsal: Rehearsal, { verb, victim, line }: Blow): Promise<boolean> {
  const { directory, rehearsed, struck } = rehearsal;
  await rehearsed("reset");
  if (verb === "down") await rehearsed("up");
  const { isStruck } = await struck(
    (said) => said.split("\n").length > line,
    (driver) => {
      victims[victim](directory, driver);
    },
    verb,
  );
  await rehearsed("up");
  expect((await rehearsed("up")).output).toMatch(/^0 changes/m);
  expect((await rehearsed("down")).output).toMatch(/^Nothing is left/m);
  return isStruck;
}
