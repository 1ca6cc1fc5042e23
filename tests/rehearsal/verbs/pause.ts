import { isDeepStrictEqual } from "node:util";
import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { isServing } from "../../../rehearsal/controllers/kit/objects.ts";
import { until } from "../../../rehearsal/kit/until.ts";
import { cluster, deployments, factsOf, pulumi, rehearse, rehearsed, updated } from "../support/rehearsal.ts";

const all = ["devmgmt", "devcluster1", "devcluster2"];
const paused = { "loft.sh/paused": "true", "loft.sh/paused-replicas": "1" };
const unpaused = Object.fromEntries(Object.keys(paused).map((key) => [key, null]));

const podsOf = async (name: string) =>
  (await cluster("host").core.listNamespacedPod({ namespace: name })).items;
/** Pods are deleted at once, and gone when the node has noticed. */
const withoutPods = (name: string): Promise<void> =>
  until(
    async () => (await podsOf(name)).length === 0,
    60,
    () => `${name} still has pods`,
  );
const uidsOf = async (name: string) => (await podsOf(name)).map(({ metadata }) => metadata?.uid).sort();
const controlPlane = async (name: string) =>
  cluster("host").apps.readNamespacedStatefulSet({ name, namespace: name });
const isRecorded = async (path: string) =>
  (await rehearse("pulumi", "--", "config", "get", "--path", `mesh-lab:${path}`)).stdout.trim() === "true";

/** Does to a control plane what vcluster's command line does. */
async function patched(name: string, body: object): Promise<void> {
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  await cluster("host").apps.patchNamespacedStatefulSet({ name, namespace: name, body }, merge);
}

/** What a preview would do to each resource that does not stay the same. */
async function preview(): Promise<string[]> {
  const { steps } = JSON.parse(await pulumi("preview", "--json")) as { steps: { op: string; urn: string }[] };
  return steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn }) => `${op} ${urn.split("::").at(-1) ?? ""}`)
    .sort();
}

/** The output of a run that must end with this. */
async function refused(...args: string[]): Promise<string> {
  const { code, output } = await rehearse(...args);
  expect(code, output).not.toBe(0);
  return output;
}

const pauseOf = (name: string) => [
  `create lab-${name}-vcluster-pause`,
  `update lab-${name}-vcluster-release`,
];
const resumeOf = (name: string) => [
  `delete lab-${name}-vcluster-pause`,
  `update lab-${name}-vcluster-release`,
];

export function pauseTests(): void {
  describe("pause and resume", () => {
    const ready = new Map<string, string[]>();
    /** A pod that is ready is soon counted. */
    const allReady = (name: string): Promise<void> =>
      until(
        async () => isDeepStrictEqual(await deployments(name), ready.get(name)),
        60,
        () => `${name} has not what it had`,
      );

    it("stops one cluster as vcluster does it, and leaves the others alone", async () => {
      for (const name of all) ready.set(name, await deployments(name));
      const others = await Promise.all(["devmgmt", "devcluster1"].map(uidsOf));
      const pods = (await podsOf("devcluster2")).length;

      expect(await factsOf("pause", "devcluster2")).toEqual([
        // The control plane's own pod is not one of its pods.
        { cluster: "devcluster2", wasPaused: false, removedPods: pods - 1 },
      ]);
      const { metadata, spec } = await controlPlane("devcluster2");
      expect(spec?.replicas).toBe(0);
      expect(metadata?.annotations).toMatchObject(paused);
      await withoutPods("devcluster2");
      expect(await Promise.all(["devmgmt", "devcluster1"].map(uidsOf))).toEqual(others);
      expect(await isRecorded("workloads[1].paused")).toBe(true);
    });

    it("does nothing the second time", async () => {
      const before = (await controlPlane("devcluster2")).metadata?.resourceVersion;
      expect(await factsOf("pause", "devcluster2")).toEqual([
        { cluster: "devcluster2", wasPaused: true, removedPods: 0 },
      ]);
      expect((await controlPlane("devcluster2")).metadata?.resourceVersion).toBe(before);
    });

    it("takes a cluster that vcluster's command line paused for one that is", async () => {
      await patched("devmgmt", { metadata: { annotations: paused }, spec: { replicas: 0 } });
      expect(await factsOf("pause", "devmgmt")).toMatchObject([{ wasPaused: true }]);
      await withoutPods("devmgmt");
    });

    it("is told to the program, which goes on with the others", async () => {
      // A change inside of a paused cluster waits; one beside it does not.
      for (const index of [0, 1])
        await pulumi("config", "set", "--path", `mesh-lab:workloads[${index}].ingress.replicas`, "2");
      expect(await updated()).toEqual(
        [
          ...pauseOf("devmgmt"),
          ...pauseOf("devcluster2"),
          "update lab-devcluster1-istio-ingressgateway",
        ].sort(),
      );
      expect(await deployments("devcluster1")).toContain("istio-gateways/istio-ingressgateway 2/2");
      expect(await podsOf("devcluster2")).toEqual([]);
    });

    it("lasts when the lab is rehearsed again, and that is said", async () => {
      const { output } = await rehearsed("up");
      expect(output).toContain(
        'devcluster2 stays paused, as a verb left it and Pulumi.dev.yaml does not say; make lab ARGS="resume devcluster2" changes that',
      );
      // All but what a verb notes is as the stack's file says again.
      expect(output).toMatch(/^1 change: 1 update/m);
      expect(await isRecorded("workloads[1].paused")).toBe(true);
      expect(await podsOf("devcluster2")).toEqual([]);
    });

    it("ends with every pod ready again, and nothing left to do", async () => {
      // First, as agents get ready only once they have reached it.
      await patched("devmgmt", { metadata: { annotations: unpaused }, spec: { replicas: 1 } });
      expect(await factsOf("resume", "devmgmt")).toMatchObject([{ wasRunning: true }]);
      await allReady("devmgmt");

      const [facts] = await factsOf<{ cluster: string; wasRunning: boolean; readyPods: number }[]>(
        "resume",
        "devcluster2",
      );
      expect(facts).toMatchObject({ cluster: "devcluster2", wasRunning: false });
      await allReady("devcluster2");
      const pods = await podsOf("devcluster2");
      expect(pods.every(isServing)).toBe(true);
      expect(facts?.readyPods).toBe(pods.length - 1);
      const { metadata } = await controlPlane("devcluster2");
      expect(Object.keys(metadata?.annotations ?? {})).toEqual(
        expect.not.arrayContaining(Object.keys(paused)),
      );
      expect(await isRecorded("workloads[1].paused")).toBe(false);

      expect(await updated()).toEqual([...resumeOf("devmgmt"), ...resumeOf("devcluster2")].sort());
      expect(await podsOf("devcluster2")).toHaveLength(pods.length);
    });

    it("is undone for a cluster that vcluster's command line paused, and of which nothing is noted", async () => {
      const name = "devcluster1";
      await patched(name, { metadata: { annotations: paused }, spec: { replicas: 0 } });
      expect(await factsOf("resume", name)).toMatchObject([{ wasRunning: false }]);
      await allReady(name);
      expect(await preview()).toEqual([]);
    });

    it("stops all, and the program has nothing to say of what is inside", async () => {
      expect(await factsOf("pause")).toHaveLength(all.length);
      for (const name of all) await withoutPods(name);
      expect(await updated()).toEqual(all.flatMap(pauseOf).sort());
      const status = await rehearse("lab", "--", "status");
      expect(status.code, status.output).toBe(0);
      expect(status.output).toMatch(
        /^Nothing runs: every cluster is paused\. To start them again: make lab ARGS="resume"\n$/m,
      );
      expect(await refused("lab", "--", "verify")).toContain(
        'First cause: devcluster1, which has the product page, is paused: make lab ARGS="resume devcluster1"',
      );
    });

    it("keeps what is new out of a paused cluster, and says what to do", async () => {
      await pulumi("config", "set", "--path", "mesh-lab:workloads[2].name", "devcluster3");
      try {
        expect(await refused("pulumi", "--", "preview")).toContain(
          'devmgmt is paused, and lab-devcluster3-registration is yet to be made: make lab ARGS="resume devmgmt", or take its "paused" away.',
        );
        expect(await refused("lab", "--", "pause", "devcluster3")).toContain(
          "There is no virtual cluster devcluster3 on the host (context host): make rehearse first.",
        );
        expect(await isRecorded("workloads[2].paused")).toBe(false);
      } finally {
        await pulumi("config", "rm", "--path", "mesh-lab:workloads[2]");
      }
    });

    it("keeps what is in a paused cluster from being taken out, and says what to do", async () => {
      const gateway = "mesh-lab:workloads[1].eastWest";
      await pulumi("config", "set", "--path", gateway, "false");
      try {
        expect(await refused("pulumi", "--", "preview")).toContain(
          'devcluster2 is paused, and lab-devcluster2-istio-eastwestgateway would be removed from it: make lab ARGS="resume devcluster2", or take its "paused" away.',
        );
      } finally {
        await pulumi("config", "rm", "--path", gateway);
      }
      expect(await preview()).toEqual([]);
    });

    it("is over for what was changed inside, too", async () => {
      const replicas = "mesh-lab:workloads[0].ingress.replicas";
      await pulumi("config", "set", "--path", replicas, "2");
      expect(await preview()).toEqual([]);
      // Its agent gets ready only when there is a management server.
      expect(await factsOf("resume", "devcluster1")).toMatchObject([
        { wasRunning: false, agentsNeed: "devmgmt" },
      ]);
      await rehearsed("lab", "--", "resume");
      for (const name of all) await allReady(name);
      const changed = "update lab-devcluster1-istio-ingressgateway";
      expect(await updated()).toEqual([...all.flatMap(resumeOf), changed].sort());
      expect(await deployments("devcluster1")).toContain("istio-gateways/istio-ingressgateway 2/2");
    });

    it("is over where the key is gone, and what was changed inside meanwhile passes at the first try", async () => {
      const path = "mesh-lab:workloads[1].paused";
      const encoding = "mesh-lab:values.istiod.meshConfig.accessLogEncoding";
      await pulumi("config", "set", "--path", path, "true");
      expect(await updated()).toEqual(pauseOf("devcluster2"));
      await withoutPods("devcluster2");
      // istiod's own webhook has a say in what this changes.
      await pulumi("config", "set", "--path", encoding, "JSON");
      expect(await updated()).toEqual(["update lab-devcluster1-istio-istiod"]);
      await pulumi("config", "rm", "--path", path);
      expect(await updated()).toEqual(
        [...resumeOf("devcluster2"), "update lab-devcluster2-istio-istiod"].sort(),
      );
      expect(await deployments("devcluster2")).toEqual(ready.get("devcluster2"));
      await pulumi("config", "rm", "--path", encoding);
      await updated();
    });

    it("says what keeps a control plane from coming back", async () => {
      await rehearsed("lab", "--", "pause", "devcluster2");
      const somewhere = (node: string | null) => ({
        spec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": node } } } },
      });
      await patched("devcluster2", somewhere("nowhere"));
      await pulumi("config", "set", "timeoutSeconds", "3");
      try {
        const output = await refused("lab", "--", "resume", "devcluster2");
        expect(output).toMatch(
          /waited \d+ s for the control plane of devcluster2 to be ready: 0 of 1 pods are ready\. Pod devcluster2-0 is on no node: /,
        );
      } finally {
        await pulumi("config", "rm", "timeoutSeconds");
        await patched("devcluster2", somewhere(null));
      }
      await cluster("host").core.deleteNamespacedPod({ name: "devcluster2-0", namespace: "devcluster2" });
      expect(await factsOf("resume", "devcluster2")).toMatchObject([{ wasRunning: true }]);
    });

    it("is refused where there are no volumes", async () => {
      await pulumi("config", "set", "--path", "mesh-lab:controlPlane.persistence", "false");
      try {
        expect(await refused("lab", "--", "pause", "devcluster1")).toContain(
          "devcluster1 cannot be paused: it would lose everything, controlPlane.persistence is false.",
        );
      } finally {
        await pulumi("config", "rm", "mesh-lab:controlPlane");
      }
      expect((await controlPlane("devcluster1")).spec?.replicas).toBe(1);
    });

    it.each(["pause", "resume"])("%s says what there is not", async (verb) => {
      expect(await refused("lab", "--", verb, "nowhere")).toContain(
        "The lab has no cluster nowhere; it has devmgmt, devcluster1, devcluster2.",
      );
    });
  });
}
