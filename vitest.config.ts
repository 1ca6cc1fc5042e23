import { join } from "node:path";
import { defineConfig } from "vitest/config";

const minutes = 60_000;

/** Tests must not touch the rehearsal that a user has running, nor depend on what the user's shell chooses. */
const rehearsalOf = (project: string) => ({
  REHEARSAL_DIR: join(import.meta.dirname, ".rehearsal", project),
  // What needs containers says so.
  PODS: "simulated",
  HOST: "",
  DELAYS: "",
  SEED: "",
});

/** The lab in containers. */
const containers = "tests/rehearsal/containers.test.ts";

export default defineConfig({
  test: {
    reporters: ["default", "./tests/closing-line.ts"],
    globalSetup: ["tests/build.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts", "rehearsal/tests/**/*.test.ts"],
          env: rehearsalOf("unit"),
          maxWorkers: "100%",
          // Of those that start processes, on a machine that has other things to do.
          testTimeout: minutes,
          sequence: { groupOrder: 0 },
          // As it is: what was built needs nothing done to it, and is large.
          server: { deps: { external: [/\/dist\/program\//] } },
        },
      },
      {
        test: {
          name: "rehearsal",
          include: ["tests/rehearsal/**/*.test.ts"],
          exclude: [containers],
          // Each builds labs: with more of them, what runs out of time would be told by the machine, not by the program.
          maxWorkers: 2,
          setupFiles: ["tests/own-rehearsal.ts"],
          // What is concurrent inside of a file waits most of its time, for what never comes.
          maxConcurrency: 2,
          env: rehearsalOf("test"),
          testTimeout: 10 * minutes,
          hookTimeout: 30 * minutes,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "containers",
          include: [containers],
          setupFiles: ["tests/own-rehearsal.ts"],
          env: rehearsalOf("test"),
          testTimeout: 10 * minutes,
          hookTimeout: 30 * minutes,
          // After all others: real control planes and proxies want the machine for themselves.
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "soak",
          include: ["tests/soak/**/*.test.ts"],
          env: { ...rehearsalOf("soak"), SEED: process.env["SEED"] ?? "" },
          testTimeout: 20 * minutes,
          hookTimeout: 30 * minutes,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
