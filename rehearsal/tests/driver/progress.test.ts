import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createDisplay } from "../../kit/display.ts";
import { createProgress } from "../../engine/progress.ts";

const namespace =
  "urn:pulumi:dev::mesh-lab::meshlab:lab:Lab$kubernetes:core/v1:Namespace::lab-devmgmt-namespace";
const istiod =
  "urn:pulumi:dev::mesh-lab::meshlab:lab:Lab$kubernetes:helm.sh/v3:Release::lab-devcluster1-istiod";
const stack = "urn:pulumi:dev::mesh-lab::pulumi:pulumi:Stack::mesh-lab-dev";

function step(
  kind: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent",
  urn: string,
  op: string,
  state = {},
) {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const side = { type, urn, custom: !type.startsWith("pulumi:") && !type.startsWith("meshlab:"), ...state };
  const states = op === "delete" ? { old: side } : { new: side };
  return { [kind]: { metadata: { op, urn, type, ...states } } };
}

const diagnostic = (severity: string, message: string, urn = "", ephemeral = false) => ({
  diagnosticEvent: { severity, message, urn, ephemeral, color: "never" },
});

/** Plays events, each after a number of seconds, on a clock of its own; a number alone lets the time pass in ticks. */
function play(script: readonly (readonly [number, object?])[], isTTY = false) {
  let now = 0;
  let written = "";
  const display = createDisplay(
    { isTTY, columns: 200, write: (text: string) => ((written += text), true) },
    () => now,
  );
  const progress = createProgress(display);
  for (const [seconds, event] of script) {
    for (let second = 0; second < Math.floor(seconds); second++) {
      now += 1000;
      progress.tick();
    }
    now += (seconds % 1) * 1000;
    if (event !== undefined) progress.event({ sequence: 0, timestamp: 0, ...event });
  }
  return { lines: written.split("\n").filter((line) => line !== ""), outcome: progress.outcome(), written };
}

describe("without a terminal", () => {
  it("a step is one line, when it is done", () => {
    const { lines } = play([
      [0, step("resourcePreEvent", namespace, "create")],
      [0.2, step("resOutputsEvent", namespace, "create")],
      [1, step("resourcePreEvent", istiod, "update")],
      [3.1, step("resOutputsEvent", istiod, "update")],
    ]);
    expect(lines).toEqual([
      "[   0.2s] lab-devmgmt-namespace  created (0.2 s)",
      "[   4.3s] lab-devcluster1-istiod  updated (3.1 s)",
    ]);
  });

  it("what takes long says every ten seconds what it waits for", () => {
    const { lines } = play([
      [0, step("resourcePreEvent", istiod, "create")],
      [11],
      [0, diagnostic("info", "Deployment istiod: 0 of 1 ready", istiod, true)],
      [10],
      [2, step("resOutputsEvent", istiod, "create")],
    ]);
    expect(lines).toEqual([
      "[  10.0s] still waiting for lab-devcluster1-istiod (creating, 10 s)",
      "[  20.0s] still waiting for lab-devcluster1-istiod (creating, 20 s): Deployment istiod: 0 of 1 ready",
      "[  23.0s] lab-devcluster1-istiod  created (23 s)",
    ]);
  });

  it("what stays the same, components and default providers are not mentioned", () => {
    const component = "urn:pulumi:dev::mesh-lab::meshlab:lab:Lab::lab";
    const provider = "urn:pulumi:dev::mesh-lab::pulumi:providers:random::default_4_21_2";
    const { lines } = play([
      [0, step("resourcePreEvent", namespace, "same")],
      [0, step("resOutputsEvent", namespace, "same")],
      [0, step("resourcePreEvent", component, "create")],
      [0, step("resOutputsEvent", component, "create")],
      [0, step("resourcePreEvent", provider, "create", { custom: true })],
      [0, step("resOutputsEvent", provider, "create", { custom: true })],
    ]);
    expect(lines).toEqual([]);
  });

  it("warnings and errors are told with their resource", () => {
    const { lines } = play([
      [0, diagnostic("warning", "something is odd\n", istiod)],
      [0, diagnostic("error", "the configuration has mistakes", stack)],
      [0, diagnostic("info", "  ", istiod)],
      [0, diagnostic("debug", "Registering resource", istiod)],
    ]);
    expect(lines).toEqual([
      "[   0.0s] lab-devcluster1-istiod: warning: something is odd",
      "[   0.0s] error: the configuration has mistakes",
    ]);
  });

  it("no key gets through, wherever it is", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----";
    const { written } = play([
      [0, step("resourcePreEvent", istiod, "create", { inputs: { values: key }, outputs: { values: key } })],
      [0, diagnostic("info", `status ${key}`, istiod, true)],
      [10, diagnostic("error", `cannot parse ${key}`, istiod)],
      [0, { stdoutEvent: { message: key, color: "never" } }],
      [0, step("resOutputsEvent", istiod, "create", { inputs: { values: key }, outputs: { values: key } })],
    ]);
    expect(written).toContain("[secret]");
    expect(written).not.toContain("MIIE");
  });
});

it("on a terminal the last line shows what is under way", () => {
  const { written } = play(
    [
      [0, step("resourcePreEvent", istiod, "create")],
      [0, step("resourcePreEvent", namespace, "create")],
      [12],
    ],
    true,
  );
  expect(written).toMatch(
    /\r\u001b\[K\[ {2}12\.0s\] 2 under way, the oldest: lab-devcluster1-istiod \(creating, 12 s\)$/,
  );
  expect(written).not.toContain("still waiting");
});

it("on a terminal the reason for a wait has lines of its own, once for each", () => {
  const room = "Pod istiod-1 is on no node: 0/1 nodes are available: 1 Insufficient cpu.";
  const { written } = play(
    [
      [0, step("resourcePreEvent", istiod, "create")],
      [5, diagnostic("info", "Deployment istiod: 0 of 1 ready", istiod, true)],
      [20, diagnostic("info", `waiting (25 s): ${room}`, istiod)],
      [10, diagnostic("info", `waiting (35 s): ${room}`, istiod)],
      [1, diagnostic("info", "Pod istiod-1 is not ready.", istiod, true)],
    ],
    true,
  );
  expect(written.match(/\[ +[\d.]+s\] waiting for [^\n]*\n/g)).toEqual([
    `[  25.0s] waiting for lab-devcluster1-istiod (creating, 25 s): waiting (25 s): ${room}\n`,
    "[  36.0s] waiting for lab-devcluster1-istiod (creating, 36 s): Pod istiod-1 is not ready.\n",
  ]);
});

it("the events of a real run are told in a few lines", () => {
  const events = readFileSync(join(import.meta.dirname, "up.events.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { timestamp: number });
  const start = events[0]?.timestamp ?? 0;
  const times = events.map(({ timestamp }) => timestamp - start);
  const { lines, outcome } = play(
    events.map((event, index) => [(times[index] ?? 0) - (times[index - 1] ?? 0), event]),
  );
  expect(lines).toEqual([
    "[  22.0s] lab-devcluster1-bookinfo-reviews-v2  created (3.0 s)",
    "[  24.0s] lab-devmgmt-gloo-mesh-release  updated (7.0 s)",
  ]);
  expect(outcome.changes).toEqual({ create: 30, update: 1 });
  expect(outcome.outputs).toMatchObject({ contexts: ["devmgmt", "devcluster1", "devcluster2"] });
  expect(outcome.waitingFor).toEqual([]);
});

describe("the outcome", () => {
  it("has the changes and the stack's outputs", () => {
    const { outcome } = play([
      [0, step("resOutputsEvent", stack, "create", { outputs: { contexts: ["devmgmt"] } })],
      [0, { summaryEvent: { resourceChanges: { create: 3, same: 4 }, durationSeconds: 1 } }],
    ]);
    expect(outcome).toEqual({ changes: { create: 3 }, outputs: { contexts: ["devmgmt"] }, waitingFor: [] });
  });

  it("of a failure is what failed, then what was still under way", () => {
    const { lines, outcome } = play([
      [0, step("resourcePreEvent", istiod, "create")],
      [0, step("resourcePreEvent", namespace, "delete")],
      [5, diagnostic("info", "waiting for istiod", istiod, true)],
      [0, step("resOpFailedEvent", istiod, "create")],
    ]);
    expect(lines).toEqual(["[   5.0s] lab-devcluster1-istiod  FAILED after 5.0 s"]);
    expect(outcome.waitingFor).toEqual([
      "lab-devcluster1-istiod (creating, 5.0 s): waiting for istiod",
      "lab-devmgmt-namespace (deleting, 5.0 s)",
    ]);
  });
});
