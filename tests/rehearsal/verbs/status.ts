import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { holdAnnotations } from "../../../rehearsal/controllers/kit/holds.ts";
import { until } from "../../../rehearsal/kit/until.ts";
import { rehearsalDir } from "../../../rehearsal/kit/paths.ts";
import { annotateHostPod, pidOf } from "../support/faults.ts";
import { cluster, pulumi, rehearse, rehearsed } from "../support/rehearsal.ts";

interface Facts {
  readonly cluster: string;
  readonly state: string;
  readonly kubernetes?: string;
  readonly releases: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly status?: string;
  }[];
  readonly agent?: { readonly registered?: boolean; readonly certificateUntil?: string };
  readonly addresses: readonly { readonly service: string; readonly address?: string }[];
  readonly pods?: { readonly ready: number; readonly wanted: number };
  readonly problems: readonly string[];
}

const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

/** What the verb ends with, and finds. */
async function status(): Promise<{
  code: number;
  facts: Facts[];
  problems: Record<string, readonly string[]>;
}> {
  const { code, stdout } = await rehearse("lab", "--", "status", "--json");
  const facts = JSON.parse(stdout) as Facts[];
  const faulty = facts.filter(({ problems }) => problems.length > 0);
  return { code, facts, problems: Object.fromEntries(faulty.map((one) => [one.cluster, one.problems])) };
}

/** Waits until all is well again. */
const mended = (): Promise<void> =>
  until(
    async () => (await rehearse("lab", "--", "status")).code === 0,
    120,
    () => "something is still not well",
  );

async function patched(name: string, body: object): Promise<void> {
  await cluster("host").apps.patchNamespacedStatefulSet({ name, namespace: name, body }, merge);
}

export function statusTests(): void {
  describe("status", () => {
    it("has the whole lab, and that all is well", async () => {
      // No up waits for what is nobody's resource, such as the name servers.
      await mended();
      const { code, facts } = await status();
      expect(code).toBe(0);
      expect(facts.map(({ cluster: name, state, problems }) => [name, state, problems])).toEqual(
        ["devmgmt", "devcluster1", "devcluster2"].map((name) => [name, "running", []]),
      );
      for (const { cluster: name, releases, pods, kubernetes } of facts) {
        expect(kubernetes).toMatch(/^v1\./);
        expect(pods?.ready).toBe(pods?.wanted);
        expect(pods?.wanted).toBeGreaterThan(3);
        expect(releases.every((release) => release.status === "deployed")).toBe(true);
        // What is there, by Helm's own record: no release of the lab is left out.
        const lists = await Promise.all(
          [
            cluster("host").core.listNamespacedSecret({ namespace: name, labelSelector: "owner=helm" }),
          ].concat(cluster(name).core.listSecretForAllNamespaces({ labelSelector: "owner=helm" })),
        );
        const names = lists.flatMap(({ items }) => items.map(({ metadata }) => metadata?.labels?.["name"]));
        expect(new Set(releases.map((release) => release.name))).toEqual(new Set(names));
      }
    });

    it("has agents with their certificates, and where gateways are", async () => {
      const [mgmt, ...workloads] = (await status()).facts;
      expect(mgmt?.agent).toBeUndefined();
      const ingresses = JSON.parse(await pulumi("stack", "output", "ingresses", "--json")) as Record<
        string,
        string
      >;
      for (const { cluster: name, agent, addresses } of workloads) {
        expect(agent?.registered).toBe(true);
        expect(new Date(agent?.certificateUntil ?? 0).getTime()).toBeGreaterThan(Date.now());
        const address = addresses.find(({ service }) => service === "istio-ingressgateway")?.address ?? "";
        expect(ingresses[name]).toBe(`http://${address}`);
      }
    });

    it("is one screen", async () => {
      const { output } = await rehearsed("lab", "--", "status");
      expect(output).toMatch(
        /^devcluster2 +running +v\S+ +6 of 6 deployed +registered, certificate until \S+ +(\d+) of \1 ready$/m,
      );
      expect(output).toMatch(/^devcluster2 +istio-ingressgateway +127\.\S+$/m);
      expect(output).toMatch(/All is as it should be\.\n$/);
    });

    it("calls a pause no fault, and one that the stack does not know by its name", async () => {
      const name = "devcluster2";
      const annotations = { "loft.sh/paused": "true", "loft.sh/paused-replicas": "1" };
      await patched(name, { metadata: { annotations }, spec: { replicas: 0 } });
      const unknown = await status();
      expect(unknown.code).toBe(1);
      expect(unknown.problems).toEqual({
        [name]: [
          `it was paused, and the stack's configuration does not say so: make lab ARGS="pause ${name}" notes it, make lab ARGS="resume ${name}" ends it.`,
        ],
      });

      await rehearsed("lab", "--", "pause", name);
      const { code, facts } = await status();
      expect(code).toBe(0);
      expect(facts.find(({ cluster: one }) => one === name)).toMatchObject({ state: "paused", problems: [] });
      await rehearsed("lab", "--", "resume", name);
      expect((await status()).code).toBe(0);
    });

    it("names a workload whose pod fits on no node, with the scheduler's reason", async () => {
      const where = { name: "ratings-v1", namespace: "bookinfo" };
      const on = (host: string | null) => ({
        spec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": host } } } },
      });
      await cluster("devcluster1").apps.patchNamespacedDeployment({ ...where, body: on("nowhere") }, merge);
      try {
        await until(
          async () => "devcluster1" in (await status()).problems,
          60,
          () => "nothing is said to be wrong",
        );
        const { code, problems } = await status();
        expect(code).toBe(1);
        expect(Object.keys(problems)).toEqual(["devcluster1"]);
        expect(problems["devcluster1"]?.join("\n")).toMatch(
          /^bookinfo: Deployment ratings-v1 has 0 of 1 pods ready, and 1 from before its last change\. Pod ratings-v1-\S+ is on no node: .*node/,
        );
      } finally {
        await cluster("devcluster1").apps.patchNamespacedDeployment({ ...where, body: on(null) }, merge);
      }
      await mended();
    });

    it("names a workload whose pod fails, with what it said", async () => {
      const isDetails = ({ metadata }: { metadata?: { name?: string; namespace?: string } }) =>
        metadata?.namespace === "devcluster1" && metadata.name?.startsWith("details-v1-") === true;
      const crash = (message: string | null) =>
        annotateHostPod(rehearsalDir, isDetails, { [holdAnnotations.crash]: message });
      await crash("no such file");
      await until(
        async () => "devcluster1" in (await status()).problems,
        60,
        () => "nothing is said to be wrong",
      );
      const { code, output } = await rehearse("lab", "--", "status");
      expect(code).toBe(1);
      expect(output).toMatch(
        /^ {2}devcluster1: bookinfo: Deployment details-v1 has 0 of 1 pods ready\. Pod details-v1-\S+: container \S+ is in CrashLoopBackOff.*no such file/m,
      );
      await crash(null);
      await mended();
    });

    it("tells of a cluster that does not answer, in time, and of the others all the same", async () => {
      const pid = pidOf(rehearsalDir, "devcluster1.kube-apiserver");
      process.kill(pid, "SIGSTOP");
      try {
        const start = Date.now();
        const { code, facts, problems } = await status();
        expect(Date.now() - start).toBeLessThan(60_000);
        expect(code).toBe(1);
        expect(problems["devcluster1"]?.join("\n")).toMatch(
          /^it does not answer: .*(no answer|Timeout).*kubectl -n devcluster1 logs -l app=vcluster,release=devcluster1 --all-containers\.$/m,
        );
        expect(facts.map(({ state }) => state)).toEqual(["running", "silent", "running"]);
        expect(facts[2]?.pods?.ready).toBe(facts[2]?.pods?.wanted);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await mended();
    });

    it("tells of a control plane that cannot start, with what the host says", async () => {
      const name = "devcluster2";
      const on = (host: string | null) => ({
        spec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": host } } } },
      });
      const pod = { name: `${name}-0`, namespace: name };
      await patched(name, on("nowhere"));
      try {
        await until(
          async () =>
            (
              await cluster("host")
                .core.readNamespacedPod(pod)
                .catch(() => undefined)
            )?.spec?.nodeName === undefined,
          60,
          () => "its pod is still on a node",
        );
        const { code, facts, problems } = await status();
        expect(code).toBe(1);
        expect(facts[2]?.state).toBe("starting");
        expect(problems[name]?.[0]).toMatch(
          /^its control plane is not ready\. Pod devcluster2-0 is on no node: /,
        );
      } finally {
        await patched(name, on(null));
        await cluster("host").core.deleteNamespacedPod(pod);
      }
      await mended();
    });

    it("names what of a cluster is missing on the host, and what brings it back", async () => {
      const name = "devcluster2";
      const there = { namespace: name };
      const { core } = cluster("host");
      await Promise.all([
        // Not the one that owns all copies: with it they would go, and come again with a new control plane only.
        core.deleteNamespacedService({ ...there, name: `${name}-headless` }),
        core.deleteNamespacedServiceAccount({ ...there, name: `vc-${name}` }),
      ]);
      const { code, problems } = await status();
      expect(code).toBe(1);
      expect(Object.keys(problems)).toEqual([name]);
      expect(problems[name]?.join("\n")).toMatch(
        new RegExp(
          `ServiceAccount vc-${name}, Service ${name}-headless, parts of its Helm release, are not on the host: make lab ARGS="resume ${name}" makes them again\\.`,
        ),
      );
      const { output } = await rehearsed("lab", "--", "resume", name);
      expect(output).toContain(
        `Made again on the host: ServiceAccount vc-${name}, Service ${name}-headless.`,
      );
      await mended();
    });

    it("tells of a cluster that is not there, and of a host that does not answer", async () => {
      await pulumi("config", "set", "--path", "mesh-lab:workloads[2].name", "devcluster3");
      const { code, facts } = await status();
      await pulumi("config", "rm", "--path", "mesh-lab:workloads[2]");
      expect(code).toBe(1);
      expect(facts[3]).toMatchObject({ state: "gone", problems: ["it is not on the host: make rehearse."] });

      await pulumi("config", "set", "hostContext", "elsewhere");
      const elsewhere = await rehearse("lab", "--", "status");
      await pulumi("config", "set", "hostContext", "host");
      expect(elsewhere.code).toBe(1);
      expect(elsewhere.output).toMatch(/kubeconfig has no context "elsewhere"; it has: /);
    });
  });
}
