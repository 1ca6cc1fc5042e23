import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { type Blow, blows, getsOver } from "./support/blows.ts";
import { checkout } from "./support/checkout.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

const project = checkout({
  struck: {
    management: { name: "mgmt" },
    workloads: [{ name: "east", eastWest: false, bookinfo: { reviews: ["v1"] } }],
  },
});
const rehearsal = rehearsalIn(join(rehearsalDir, "kills"), { STACK: "struck" }, project.directory);

/** For a while only: others have this machine, too. */
const whileBusy = "const end = Date.now() + 15_000; while (Date.now() < end);";
const busy: ChildProcess[] = [];
afterAll(async () => {
  for (const process of busy) process.kill("SIGKILL");
  await rehearsal.rehearse("reset");
  project.remove();
});

/** The blow of a seed, whatever it falls on. */
const blowOf = (seed: number): Blow => {
  const [blow] = fc.sample(fc.noBias(blows), { seed, numRuns: 1 });
  if (blow === undefined) throw new Error(`seed ${seed} has no blow`);
  return blow;
};

it("a lab that is struck while all processors are busy gets over it", async () => {
  for (let count = 0; count < availableParallelism(); count++)
    busy.push(spawn(process.execPath, ["-e", whileBusy], { stdio: "ignore" }));
  expect(await getsOver(rehearsal, blowOf(2))).toBe(true);
});
