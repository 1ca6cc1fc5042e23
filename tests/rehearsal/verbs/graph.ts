import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Graph } from "../../../cli/graph/model.ts";
import { scaled } from "../support/changed.ts";
import { factsOf, rehearse, rehearsed } from "../support/rehearsal.ts";

export function graphTests(): void {
  describe("graph", () => {
    const restore: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const again of restore.splice(0).reverse()) await again();
    });

    it("draws the lab as it stands", async () => {
      const folder = mkdtempSync(join(tmpdir(), "graph-"));
      restore.push(async () => {
        rmSync(folder, { recursive: true });
      });
      const file = join(folder, "lab.svg");
      const { stdout } = await rehearsed("lab", "--", "graph", "--json", "--output", file);
      const { parts, dependencies } = JSON.parse(stdout) as Graph;
      const deployed = parts.filter(({ deployment }) => deployment !== undefined);
      expect(deployed.length).toBe(23);
      expect(deployed.filter(({ state }) => state !== "ready")).toEqual([]);
      expect(dependencies.filter(({ state }) => state === "not ready")).toEqual([]);
      const svg = readFileSync(file, "utf8");
      expect(svg).toMatch(/^<svg /);
      expect(svg).toContain("Not ready: none. Without an answer: none.");
    });

    it("shows what is not ready", async () => {
      restore.push(() => scaled("devcluster2", "bookinfo", "reviews-v3", 1));
      await scaled("devcluster2", "bookinfo", "reviews-v3", 0);
      const { parts, dependencies } = await factsOf<Graph>("graph");
      expect(parts.filter(({ state }) => state === "not ready").map(({ id }) => id)).toEqual([
        "devcluster2/reviews-v3",
      ]);
      const broken = dependencies.filter(({ state }) => state === "not ready");
      expect(broken.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
        "devcluster2/productpage-v1 devcluster2/reviews-v3",
        "devcluster2/reviews-v3 devcluster2/ratings-v1",
      ]);
    });

    it.each([
      [["graph", "--output", "/nowhere/lab.svg"], "there is no folder /nowhere."],
      [["graph", "--plan", "Pulumi.nobody.yaml"], "Pulumi.nobody.yaml cannot be read: ENOENT."],
    ])("says why there is no picture: %j", async (args, message) => {
      const { code, output } = await rehearse("lab", "--", ...args);
      expect(output).toContain(message);
      expect(code).toBe(2);
    });
  });
}
