import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Graph } from "../../../cli/graph/model.ts";
import { stopApiServers } from "../support/api-server.ts";
import { clusterWith, hostOf, labOn } from "../support/lab-process.ts";
import { managementContents, workloadContents } from "../support/looked.ts";

const folder = mkdtempSync(join(tmpdir(), "graph-"));
let start: ReturnType<typeof labOn>;
beforeAll(async () => {
  const devmgmt = await clusterWith(managementContents(["east", "west", "south"]));
  const east = await clusterWith(workloadContents("east", "192.0.2.1", true));
  start = labOn(folder, {
    config: { workloads: ["east", "west", "south"].map((name) => ({ name, bookinfo: {} })) },
    clusters: {
      devmgmt: devmgmt.kubeconfig,
      east: east.kubeconfig,
      // Nobody listens at its port.
      west: east.kubeconfig.replace(`:${east.port}`, ":1"),
      south: east.kubeconfig,
    },
    productPages: {},
    host: await hostOf(["devmgmt", "east", "west", "south"], ["south"]),
  });
});
afterAll(() => {
  stopApiServers();
  rmSync(folder, { recursive: true });
});

describe("graph", () => {
  it("draws a cluster that does not answer, and one that is paused, as such", async () => {
    const file = join(folder, "lab.svg");
    const run = start(["graph", "--json", "--output", file]);
    expect(await run.ended, run.stderr()).toBe(0);
    const { groups } = JSON.parse(run.stdout()) as Graph;
    const states = Object.fromEntries(groups.map(({ id, state }) => [id, state]));
    expect(states).toMatchObject({ devmgmt: "planned", east: "planned", west: "unknown", south: "paused" });
    expect(readFileSync(file, "utf8")).toContain("Without an answer: west.");
    expect(readdirSync(folder).filter((name) => name.startsWith("lab.svg"))).toEqual(["lab.svg"]);
  });

  it("says that there is no such folder", async () => {
    const run = start(["graph", "--plan", "Pulumi.dev.yaml", "--output", join(folder, "nowhere", "lab.svg")]);
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toContain(`there is no folder ${join(folder, "nowhere")}.`);
  });

  it("says what is wrong with a stack's file", async () => {
    const [wrong, text, none] = ["wrong.yaml", "text.yaml", "none.yaml"].map((name) => join(folder, name));
    if (wrong === undefined || text === undefined || none === undefined) throw new Error("unreachable");
    writeFileSync(wrong, "config:\n  mesh-lab:workloads: []\n");
    writeFileSync(text, "no: mapping: at: all");
    const runs = [wrong, text, none].map((file) => start(["graph", "--plan", file]));
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([1, 2, 2]);
    expect(runs.map((run) => run.stderr())).toEqual([
      expect.stringContaining("mesh-lab:workloads: expected at least one workload cluster"),
      expect.stringContaining(`${text} is no YAML: `),
      expect.stringContaining(`${none} cannot be read: ENOENT.`),
    ]);
  });

  it("draws what is up only if something is", async () => {
    writeFileSync(join(folder, "stack.json"), "{}");
    const run = start(["graph"]);
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain("The lab is not up: its stack has no outputs. pulumi up first.");
    const planned = start(["graph", "--plan"]);
    expect(await planned.ended).toBe(0);
    expect(planned.stdout()).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });
});
