import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { promisify } from "node:util";
import { KubeConfig, type V1Pod, type V1StatefulSet } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { existingControlPlane, isPaused, pausing, resuming } from "../../lab/control-plane.ts";
import { judge } from "../../lab/pods-on-host.ts";
import { recordedPauses } from "../../lab/recorded-pause.ts";
import { keptPauses, type Pauses, pausesIn, withPauses } from "../../rehearsal/kept-pauses.ts";

const set = (replicas: number, annotations?: Record<string, string>): V1StatefulSet => ({
  metadata: { ...(annotations && { annotations }) },
  spec: { replicas } as V1StatefulSet["spec"] & object,
});
const notes = (replicas: string) => ({ "loft.sh/paused": "true", "loft.sh/paused-replicas": replicas });
const without = { "loft.sh/paused": null, "loft.sh/paused-replicas": null };

describe("a control plane", () => {
  it.each<[what: string, set: V1StatefulSet, patch: ReturnType<typeof pausing>]>([
    ["that runs", set(1), { metadata: { annotations: notes("1") }, spec: { replicas: 0 } }],
    ["of three pods", set(3, { a: "b" }), { metadata: { annotations: notes("3") }, spec: { replicas: 0 } }],
    ["that is paused", set(0, notes("1")), undefined],
    ["that somebody scaled down", set(0), { metadata: { annotations: notes("1") }, spec: { replicas: 0 } }],
  ])("%s is paused as vcluster does it", (_, given, patch) => {
    expect(pausing(given)).toEqual(patch);
  });

  it.each<[what: string, set: V1StatefulSet, patch: ReturnType<typeof resuming>]>([
    ["that runs", set(1), undefined],
    ["of one pod", set(0, notes("1")), { metadata: { annotations: without }, spec: { replicas: 1 } }],
    ["of three pods", set(0, notes("3")), { metadata: { annotations: without }, spec: { replicas: 3 } }],
    [
      "whose number of pods nobody noted",
      set(0, { "loft.sh/paused": "true" }),
      { metadata: { annotations: without }, spec: { replicas: 1 } },
    ],
    ["that somebody scaled down", set(0), { spec: { replicas: 1 } }],
  ])("%s is resumed as vcluster does it", (_, given, patch) => {
    expect(resuming(given)).toEqual(patch);
  });

  it("is paused if it is noted, whoever did it", () => {
    expect([set(0, notes("1")), set(0), set(1)].map(isPaused)).toEqual([true, false, false]);
  });
});

describe("a host that does not answer", () => {
  it("is named, with what came instead", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await promisify(server.close.bind(server))();
    const host = new KubeConfig();
    host.loadFromClusterAndUser(
      { name: "east", server: `https://127.0.0.1:${port}`, skipTLSVerify: false },
      { name: "me" },
    );
    await expect(existingControlPlane(host, "devmgmt")).rejects.toThrow(
      /^The host \(context loaded-context\) does not answer: fetch failed \(.*ECONNREFUSED/,
    );
  });
});

describe("the pods of a cluster that comes back", () => {
  const inside = (uid: string, phase = "Running"): V1Pod => ({
    metadata: { uid, namespace: "bookinfo", name: `pod-${uid}` },
    status: { phase },
  });
  const copy = (uid: string, ready: "True" | "False"): V1Pod => ({
    metadata: { annotations: { "vcluster.loft.sh/uid": uid } },
    status: { conditions: [{ type: "Ready", status: ready }] },
  });

  it.each<[what: string, ...given: Parameters<typeof judge>, expected: ReturnType<typeof judge>]>([
    ["are back when each has a ready copy", [inside("a")], [copy("a", "True")], 1, { value: 1 }],
    [
      "are not back before that",
      [inside("a")],
      [],
      1,
      { state: "0 of 1 are ready on the host, not bookinfo/pod-a" },
    ],
    [
      "nor when one is not ready",
      [inside("c"), inside("a"), inside("b")],
      [copy("a", "False"), copy("b", "True")],
      3,
      { state: "1 of 3 are ready on the host, not bookinfo/pod-a and 1 more" },
    ],
    ["nor when one is yet to be made", [], [], 2, { state: "0 of 2 are ready on the host" }],
    [
      "are not those that were there before",
      [inside("b")],
      [copy("a", "True")],
      1,
      { state: "0 of 1 are ready on the host, not bookinfo/pod-b" },
    ],
    ["need not be those that have done their work", [inside("a", "Succeeded")], [], 0, { value: 0 }],
  ])("%s", (_, pods, copies, wanted, expected) => {
    expect(judge(pods, copies, wanted)).toEqual(expected);
  });
});

describe("a pause in the configuration", () => {
  it("is a key of each cluster", () => {
    const cluster = (name: string, paused: boolean) => ({ name, paused });
    const settings = {
      management: cluster("mgmt", false),
      workloads: [cluster("a", false), cluster("b", true)],
    };
    expect(recordedPauses(settings as never)).toEqual([
      { cluster: "mgmt", path: "management.paused", paused: false },
      { cluster: "a", path: "workloads[0].paused", paused: false },
      { cluster: "b", path: "workloads[1].paused", paused: true },
    ]);
  });
});

describe("a pause in the rehearsed stack file", () => {
  const file = (pauses: Pauses) => ({
    config: {
      "mesh-lab:management": { paused: pauses["devmgmt"] },
      "mesh-lab:workloads": ["east", "west"].map((name) => ({ name, paused: pauses[name] })),
    },
  });

  it.each<[what: string, user: Pauses, rehearsed: Pauses, saidBefore: Pauses, kept: Pauses]>([
    ["lasts where the user's file says nothing", {}, { east: true }, {}, { east: true }],
    ["also that of the management cluster", {}, { devmgmt: true }, {}, { devmgmt: true }],
    ["lasts no longer than the cluster", {}, { gone: true }, {}, {}],
    ["that is over stays over", { east: true }, { east: false }, { east: true }, { east: false }],
    ["gives way when the user's file pauses", { east: true }, { east: false }, { east: false }, {}],
    ["gives way when the user's file resumes", { east: false }, { east: true }, { east: true }, {}],
    ["is nothing to keep where both say the same", { west: true }, { west: true }, {}, {}],
  ])("%s", (_, user, rehearsed, saidBefore, kept) => {
    expect(keptPauses(file(user), file(rehearsed), saidBefore)).toEqual(kept);
  });

  it("takes the place of what the user's file says, and of nothing else", () => {
    const user = { config: { "mesh-lab:workloads": [{ name: "east", zone: "z" }, { name: "west" }] } };
    expect(withPauses(user, {})).toBe(user);
    const noted = withPauses(user, { east: true });
    expect(noted.config?.["mesh-lab:workloads"]).toEqual([
      { name: "east", zone: "z", paused: true },
      { name: "west" },
    ]);
    expect(pausesIn(noted)).toEqual({ devmgmt: false, east: true, west: false });
    expect(pausesIn(withPauses(noted, { devmgmt: true, east: false }))).toEqual({
      devmgmt: true,
      east: false,
      west: false,
    });
  });
});
