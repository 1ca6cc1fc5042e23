import { join } from "node:path";
import { defineConfig } from "vitest/config";

const minutes = 60_000;

export default defineConfig({
  test: {
    reporters: ["default", "./tests/closing-line.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts"],
          // Most of the time would go into loading the same large libraries for every file anew.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "rehearsal",
          include: ["tests/rehearsal/**/*.test.ts"],
          // One host at a time, and not the user's own.
          fileParallelism: false,
          env: { REHEARSAL_DIR: join(import.meta.dirname, ".rehearsal", "test") },
          testTimeout: 10 * minutes,
          hookTimeout: 30 * minutes,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
