import { execFile, execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../rehearsal/kit/until.ts";
import { paths, rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { checkout } from "./support/checkout.ts";
import { killProcess, killSupervisor, stopHostOf } from "./support/faults.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

const lab = {
  management: { name: "mgmt" },
  workloads: [{ name: "east", eastWest: false, bookinfo: { reviews: ["v1"] } }],
};
/** What is not to come is waited for no longer than anything else needs on a busy machine. */
const hurriedLab = { ...lab, timeoutSeconds: 20 };
const project = checkout({ small: lab, stored: lab });
const rehearsal = rehearsalIn(join(rehearsalDir, "faults"), { STACK: "small" }, project.directory);
const { directory, rehearse, rehearseWith, rehearsed, struck, cluster } = rehearsal;

const stored = rehearsalIn(join(rehearsalDir, "data"), { STACK: "stored" }, project.directory);

beforeAll(async () => {
  for (const { rehearsed } of [rehearsal, stored]) await rehearsed("reset");
});
afterAll(async () => {
  for (const { rehearse } of [rehearsal, stored]) await rehearse("reset");
  project.remove();
});

const noSecret = { delays: { kubeconfigSecret: 3600 } };

/** Runs `up` on a host that is started anew with other settings, and gives what it says when it fails. */
async function failureOn(settings: object): Promise<string> {
  const { code, output } = await rehearseWith({ REHEARSAL_SETTINGS: JSON.stringify(settings) }, "up");
  expect(code).toBe(1);
  await stopHostOf(directory);
  return output;
}

/** What the host remembers. */
const hostFile = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "run", "host.json"), "utf8")) as {
    readonly ports: Readonly<Record<string, number>>;
    readonly network: number;
  };

const listen = (port: number | undefined, address: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(port, address, () => {
      resolve(server);
    });
  });

interface Status {
  readonly cluster: string;
  readonly state: string;
  readonly problems: readonly string[];
}
const status = async (): Promise<Record<string, [state: string, problems: string]>> => {
  const { stdout } = await rehearse("lab", "--", "status", "--json");
  const found = JSON.parse(stdout) as Status[];
  return Object.fromEntries(
    found.map(({ cluster: name, state, problems }) => [name, [state, problems.join("\n")]]),
  );
};

const inTurn = { concurrent: false };

// Beside what befalls the data of another one: it waits most of the time, for what never comes.
describe.concurrent("one lab, where each run goes on from where the one before it had to stop:", () => {
  describe("a host", inTurn, () => {
    it("that ends while a lab is built ends that at once, and not when everything has had its time", async () => {
      const { isStruck, code, output } = await struck(
        (said) => said.includes("lab-mgmt-vcluster-namespace  created"),
        () => {
          killSupervisor(directory);
        },
        "up",
      );
      expect(isStruck).toBe(true);
      expect(code).toBe(1);
      expect(output).toContain("the host has ended: Pulumi ends what is under way");
      expect(output).toContain("Failed. The host's supervisor ended. The last lines of its log:");
    });
  });

  describe("a lab on a host", inTurn, () => {
    beforeAll(() => {
      project.configure("small", hurriedLab);
    });

    it("without a load balancer is told to use node ports", async () => {
      expect(await failureOn({ loadBalancer: "none", ...noSecret })).toContain(
        "mgmt in namespace mgmt: Service mgmt has no address. If the host has no load balancer, set expose to NodePort.",
      );
    });

    it("where no syncer writes a kubeconfig is told who should", async () => {
      expect(await failureOn(noSecret)).toMatch(
        /waited \d+ s for Secret vc-mgmt in namespace mgmt of the host: it does not exist\. Its writer is the syncer: kubectl -n mgmt logs -l app=vcluster,release=mgmt --all-containers\./,
      );
    });

    it("that is too small is told which pods have no room, and what they lack", async () => {
      expect(await failureOn({ nodes: [{ count: 1, cpu: 1, memory: "24Gi" }] })).toMatch(
        /Pod \S+ is on no node: 0\/1 nodes are available: 1 Insufficient cpu\..* It asks for [\d.]+ CPUs and [\d.]+ GiB; node-1 has most free, [\d.]+ CPUs and [\d.]+ GiB\. Make room on the host, or add a node/,
      );
    });

    it("whose node is not ready is told so, and comes up when it is", async () => {
      await rehearsed("host");
      const { core } = cluster("host");
      const taint = async (taints: object[]) => {
        const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
        await core.patchNode({ name: "node-1", body: { spec: { taints } } }, merge);
      };
      // What the controllers of a cluster do to a node that does not answer.
      await taint([{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
      const { code, output } = await rehearse("up");
      expect(code).toBe(1);
      expect(output).toMatch(
        /Pod \S+ is on no node: .*untolerated taint.* Node node-1 is not fit for pods now: kubectl describe node node-1\./,
      );

      await taint([]);
      project.configure("small", lab);
      await rehearsed("up");
    });
  });

  describe("a rehearsal", inTurn, () => {
    it("is not run twice at once", async () => {
      const runs = await Promise.all([rehearse("up"), rehearse("up")]);
      // Either may come first.
      const [first, second] = runs.toSorted((a, b) => a.code - b.code);
      expect([first?.code, second?.code], first?.output).toEqual([0, 1]);
      expect(first?.output).toMatch(/^0 changes/m);
      expect(second?.output).toMatch(
        /make rehearse is running in \S+ \(process \d+\): wait for it, or end it\./,
      );
    });

    it("comes back from a machine that was switched off, whoever has its numbers and ports now", async () => {
      await stopHostOf(directory);
      const { ports, network } = hostFile(directory);
      const others = await Promise.all([
        listen(ports["mgmt"], "127.0.0.1"),
        listen(ports["etcd"], "127.0.0.1"),
        listen(443, `127.${network}.0.1`),
      ]);
      // A process that has the number of the old supervisor, and nothing to do with it.
      writeFileSync(
        join(directory, "run", "supervisor.json"),
        JSON.stringify({ pid: process.pid, born: "before" }),
      );
      try {
        const { output } = await rehearsed("up");
        expect(output).toMatch(/port \d+ of mgmt is taken by node \(pid \d+\): using \d+ instead/);
        expect(output).toMatch(
          /127\.\d+\.0\.0\/16 is taken by another rehearsal, all addresses move to 127\.\d+\.0\.0\/16/,
        );
        expect(await rehearsal.deployments("east")).toContain("gloo-mesh/gloo-mesh-agent 1/1");
        expect((await rehearsed("up")).output).toMatch(/^0 changes/m);
      } finally {
        for (const other of others) other.close();
      }
    });
  });

  describe("a lab that somebody changed by hand", inTurn, () => {
    const well = { mgmt: ["running", ""], east: ["running", ""] };

    it("gets back what was deleted of a release, by a run without any other change", async () => {
      const { apps, core } = cluster("east");
      await apps.deleteNamespacedDeployment({ namespace: "istio-system", name: "istiod" });
      await core.deleteNamespacedServiceAccount({ namespace: "istio-system", name: "istiod" });
      expect((await status())["east"]?.[1]).toMatch(
        /Helm release istiod lacks Deployment istiod, which somebody deleted: make rehearse\./,
      );
      expect((await rehearsed("up")).output).toMatch(
        /istiod in namespace istio-system lacks ServiceAccount istiod, Deployment istiod, which somebody deleted: this run makes it again/,
      );
      expect(await status()).toEqual(well);
      expect(await rehearsal.deployments("east")).toContain("istio-system/istiod 1/1");
      expect((await rehearsed("up")).output).toMatch(/^0 changes/m);
    });

    it("gets back what was deleted beside releases, by a run that refreshes, as verify says", async () => {
      const { apps } = cluster("east");
      await apps.deleteNamespacedDeployment({ namespace: "bookinfo", name: "reviews-v1" });
      await cluster("mgmt").custom.deleteNamespacedCustomObject({
        ...{ group: "admin.gloo.solo.io", version: "v2", plural: "kubernetesclusters" },
        ...{ namespace: "gloo-mesh", name: "east" },
      });
      expect((await rehearse("lab", "--", "verify")).output).toContain('make pulumi ARGS="up --refresh"');
      await rehearsal.pulumi("up", "--refresh", "--yes", "--skip-preview");
      expect(await status()).toEqual(well);
      const verified = await rehearse("lab", "--", "verify");
      // No container runs, and no request can be made; all else is well.
      expect(verified.code, verified.output).toBe(3);
    });

    it("is reached where its gateway is now, once renew is set as verify says", async () => {
      const host = cluster("host").core;
      const gateway = { namespace: "istio-gateways", name: "istio-ingressgateway" };
      await cluster("east").core.deleteNamespacedService(gateway);
      // Whoever comes first has the address that was free.
      const other = { namespace: "default", name: "other" };
      const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
      await host.createNamespacedService({ ...other, body: { metadata: { name: other.name }, spec } });
      const isServed = async () =>
        (await host.readNamespacedService(other)).status?.loadBalancer?.ingress !== undefined;
      await until(isServed, 60, () => "it has no address");
      await rehearsed("up");
      expect((await rehearse("lab", "--", "verify")).output).toMatch(
        /set renew to \S+ in Pulumi\.small\.yaml, then make rehearse/,
      );
      project.configure("small", { ...lab, renew: "now" });
      await rehearsed("up");
      const verified = await rehearse("lab", "--", "verify");
      expect(verified.code, verified.output).toBe(3);
      await host.deleteNamespacedService(other);
      project.configure("small", lab);
      await rehearsed("up");
    });

    it("is told what of the host refuses its pods, and comes back when that is changed as it says", async () => {
      const { core } = cluster("host");
      const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
      const label = (level: string) =>
        core.patchNamespace(
          {
            name: "east",
            body: { metadata: { labels: { "pod-security.kubernetes.io/enforce": level } } },
          },
          merge,
        );
      const problems = async () => (await status())["east"]?.[1] ?? "";
      await label("restricted");
      await core.deleteNamespacedPod({ namespace: "east", name: "east-0" });
      let found = "";
      const isTold = async () => {
        found = await problems();
        return found.includes(
          "kubectl label namespace east pod-security.kubernetes.io/enforce=privileged --overwrite",
        );
      };
      await until(isTold, 60, () => found);
      await label("privileged");
      await until(
        async () => (await problems()) === "",
        120,
        () => "it is not well again",
      );
    });

    it("refuses another volume for a cluster that has one, in a preview", async () => {
      project.configure("small", { ...lab, controlPlane: { storageSize: "10Gi" } });
      const { code, output } = await rehearse("preview");
      expect(code).not.toBe(0);
      expect(output).toMatch(
        /Kubernetes does not change the volume of east \(controlPlane\.storageSize: 5Gi to 10Gi\): .*PersistentVolumeClaim data-east-0 and would be lost/,
      );
      project.configure("small", lab);
    });

    it("is said to have other clusters than the stack knows, and rebuild makes these again", async () => {
      await rehearsed("lab", "--", "pause", "east");
      const host = cluster("host").core;
      await host.deleteNamespacedPersistentVolumeClaim({ namespace: "east", name: "data-east-0" });
      await host.deleteNamespace({ name: "mgmt" });
      const isGone = () =>
        host.readNamespace({ name: "mgmt" }).then(
          () => false,
          () => true,
        );
      await until(isGone, 60, () => "namespace mgmt stays");

      const hint = /make lab ARGS="rebuild (\w+)", then make rehearse, make it again/;
      const before = await status();
      expect(before).toMatchObject({
        mgmt: ["gone", expect.stringMatching(hint) as string],
        east: ["lost", expect.stringMatching(hint) as string],
      });
      for (const verb of [["up"], ["lab", "--", "resume", "east"], ["lab", "--", "verify"]]) {
        const { code, output } = await rehearse(...verb);
        expect(code, verb.join(" ")).not.toBe(0);
        expect(output, verb.join(" ")).toMatch(hint);
      }

      await rehearsed("lab", "--", "rebuild");
      await rehearsed("up");
      expect(await status()).toEqual(well);
      expect(await rehearsal.deployments("east")).toContain("gloo-mesh/gloo-mesh-agent 1/1");
      expect((await rehearsed("up")).output).toMatch(/^0 changes/m);
      expect((await rehearsed("lab", "--", "rebuild")).output).toContain(
        "every cluster as the stack knows it",
      );

      // What was refused as long as there was something to lose.
      project.configure("small", { ...lab, controlPlane: { storageSize: "10Gi" } });
      await rehearsed("lab", "--", "rebuild", "mgmt", "east", "--force");
      await rehearsed("up");
      const claim = await host.readNamespacedPersistentVolumeClaim({
        namespace: "east",
        name: "data-east-0",
      });
      expect(claim.spec?.resources?.requests?.["storage"]).toBe("10Gi");
      expect(await status()).toEqual(well);
    });
  });

  describe("taken down", inTurn, () => {
    it("says what the cluster does not let go of, and leaves nothing when it does, nor misses a dead API server", async () => {
      killProcess(directory, "east.kube-apiserver");
      const { admission } = cluster("host");
      const name = "keep-east";
      const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["services"] };
      await admission.createValidatingAdmissionPolicy({
        body: {
          metadata: { name },
          spec: {
            matchConstraints: { resourceRules: [rule] },
            validations: [{ expression: "oldObject.metadata.name != 'east'", message: "it is kept" }],
          },
        },
      });
      await admission.createValidatingAdmissionPolicyBinding({
        body: { metadata: { name }, spec: { policyName: name, validationActions: ["Deny"] } },
      });
      const { code, output } = await rehearse("down");
      expect(code).toBe(1);
      expect(output).toContain('make lab ARGS="status"');
      expect((await status())["east"]?.[1]).toMatch(
        /Helm release east is uninstalling, and the cluster refuses to delete Service east: .*it is kept.*, then make rehearse-down\./,
      );

      await admission.deleteValidatingAdmissionPolicyBinding({ name });
      await admission.deleteValidatingAdmissionPolicy({ name });
      expect((await rehearsed("down")).output).toMatch(/^Nothing is left/m);
    });
  });
});

describe.concurrent("data", () => {
  const { directory, rehearse, rehearsed } = stored;
  const data = join(directory, "etcd");

  // Only root may mount a small disk.
  it.skipIf(process.getuid?.() !== 0)(
    "that finds no room any more is told, and goes on when there is",
    inTurn,
    async () => {
      mkdirSync(data, { recursive: true });
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "none", data]);
      try {
        await rehearsed("host");
        const filler = join(data, "filler");
        fill(filler);
        const { code, output } = await rehearse("up");
        expect(code).toBe(1);
        expect(output).toMatch(
          /The host cannot run: etcd ended with exit code \d+\..*no space left on device/s,
        );
        rmSync(filler);
        await rehearsed("up");

        // Whoever has the kubeconfig elsewhere sees the same lab, and destroys it.
        const elsewhere = { KUBECONFIG: join(directory, "elsewhere.kubeconfig") };
        renameSync(join(directory, "kubeconfig"), elsewhere.KUBECONFIG);
        await pulumiOn(directory, "stored", elsewhere, "preview", "--expect-no-changes");
        await pulumiOn(directory, "stored", elsewhere, "destroy", ...unasked);
        expect(stateOf(directory, "stored")).toEqual([]);
        renameSync(elsewhere.KUBECONFIG, join(directory, "kubeconfig"));

        // A host that is gone for good.
        await rehearsed("up");
        await stopHostOf(directory);
        const gone = await pulumiOn(directory, "stored", {}, "destroy", ...unasked).catch(
          (error: unknown) => error,
        );
        expect(String((gone as { stdout?: string }).stdout)).toMatch(/unreachable/);
        await pulumiOn(directory, "stored", { PULUMI_K8S_DELETE_UNREACHABLE: "true" }, "refresh", ...unasked);
        await pulumiOn(directory, "stored", {}, "destroy", ...unasked);
        expect(stateOf(directory, "stored")).toEqual([]);
      } finally {
        execFileSync("umount", ["--lazy", data]);
      }
      await rehearsed("reset");
    },
  );

  it("that is spoilt is told, and thrown away on request", inTurn, async () => {
    await rehearsed("host");
    await stopHostOf(directory);
    const file = join(data, "data", "member", "snap", "db");
    writeFileSync(file, readFileSync(file).fill(0xff));
    const { code, output } = await rehearse("up");
    expect(code).toBe(1);
    expect(output).toMatch(
      /The host cannot run: etcd ended with exit code \d+\..*failed to open database.*make rehearse-reset throws it away\./s,
    );
    await rehearsed("reset");
    await rehearsed("host");
  });
});

const unasked = ["--yes", "--skip-preview"];

/** Runs Pulumi as one does without make, on the stack of a rehearsal and with variables of one's own. */
const pulumiOn = (
  folder: string,
  stack: string,
  variables: Readonly<Record<string, string>>,
  ...args: string[]
) =>
  promisify(execFile)(
    join(paths.bin, "pulumi"),
    [
      ...[...args, "--non-interactive", "--color", "never"],
      ...["--config-file", join(folder, "stack", `Pulumi.${stack}.yaml`)],
    ],
    {
      cwd: project.directory,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        PATH: [join(folder, "plugins"), paths.bin, process.env["PATH"]].join(delimiter),
        KUBECONFIG: join(folder, "kubeconfig"),
        PULUMI_BACKEND_URL: pathToFileURL(join(folder, "state")).href,
        PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "passphrase"),
        PULUMI_HOME: join(folder, "pulumi-home"),
        PULUMI_STACK: stack,
        ...variables,
      },
    },
  );

/** What a stack has in its state. */
function stateOf(folder: string, stack: string): unknown[] {
  const text = readFileSync(join(folder, "state", ".pulumi", "stacks", "mesh-lab", `${stack}.json`), "utf8");
  const { checkpoint } = JSON.parse(text) as { checkpoint: { latest: { resources?: unknown[] } } };
  return checkpoint.latest.resources ?? [];
}

/** Writes zeros until the disk is full. */
function fill(file: string): void {
  const block = Buffer.alloc(64 * 1024);
  try {
    for (;;) appendFileSync(file, block);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
