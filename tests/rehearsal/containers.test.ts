import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containerRefusals } from "../../rehearsal/driver/choose-pods.ts";
import { ownCgroup } from "../../rehearsal/host/node/cgroups.ts";
import { readFileIfAny } from "../../rehearsal/kit/files.ts";
import { paths, rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { until } from "../../rehearsal/kit/until.ts";
import { leftProcesses } from "../../rehearsal/recovery/leftovers.ts";
import { pidOf } from "./support/faults.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

/** Why this machine cannot run what these tests are about. */
const refusals = await containerRefusals();

const lab = rehearsalIn(rehearsalDir, { PODS: "containers", STACK: "dev" });
const [east, west] = ["devcluster1", "devcluster2"] as const;

/** Runs kubectl as a user does; gives what it prints. */
async function kubectl(context: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: paths.kubeconfig };
  const options = { env, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
  return (await promisify(execFile)(join(paths.bin, "kubectl"), ["--context", context, ...args], options))
    .stdout;
}

/** Applies an object as a user does. */
function apply(context: string, object: object): void {
  execFileSync(join(paths.bin, "kubectl"), ["--context", context, "apply", "--filename", "-"], {
    env: { ...process.env, KUBECONFIG: paths.kubeconfig },
    input: JSON.stringify(object),
  });
}

interface Facts {
  readonly checks: readonly { readonly state: string }[];
  readonly answers: readonly { readonly statuses?: Readonly<Record<string, number>> }[];
  readonly cause?: string;
}

describe.skipIf(refusals.length > 0)("the lab in containers", () => {
  let output = "";
  let page = "";

  beforeAll(async () => {
    await lab.rehearsed("reset");
    ({ output } = await lab.rehearsed("up"));
    page = /http:\/\/127\.[\d.]+\/productpage/.exec(output)?.[0] ?? "";
  });
  afterAll(async () => {
    await lab.rehearse("reset");
  });

  it("says what was real, and what was not", () => {
    expect(output).toMatch(/real .*\n(?:.*\n)*.*kubelet, kube-proxy, containerd/);
    expect(output).toMatch(/vcluster 0\.36\.1, Istio \S+, Envoy \S+/);
    expect(output).toContain("Gloo Mesh, which is closed source");
    expect(output).not.toContain("KWOK");
  });

  it("answers in the user's own shell with Bookinfo's page", async () => {
    const answer = await fetch(page);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("Book Details");
  });

  it("passes the article's check, and all others", async () => {
    const { code, stdout } = await lab.rehearse("lab", "--", "verify", "--json");
    const facts = JSON.parse(stdout) as Facts;
    expect(facts.cause).toBeUndefined();
    expect(JSON.stringify(facts.answers)).toContain('"200":101');
    expect(code).toBe(0);
  });

  it("is made of containers of a real runtime", async () => {
    expect(await kubectl("host", "get", "nodes", "-o", "wide")).toMatch(/Ready .*containerd:\/\//);
    const running = await kubectl("host", "get", "pods", "-A", "-o", "jsonpath={..containerID}");
    expect(running.split(" ").filter((id) => id.startsWith("containerd://")).length).toBeGreaterThan(30);
  });

  it("gives logs, and runs commands, through a virtual cluster", async () => {
    expect(await kubectl(east, "-n", "bookinfo", "logs", "deploy/productpage-v1", "--tail=5")).toContain(
      "/productpage 200",
    );
    expect(
      await kubectl(east, "-n", "bookinfo", "exec", "deploy/details-v1", "-c", "details", "--", "id", "-u"),
    ).toBe("1000\n");
  });

  it("gives workloads certificates of the lab's identities, and refuses under STRICT who has none", async () => {
    const shown = await kubectl(
      east,
      ...["-n", "bookinfo", "exec", "deploy/productpage-v1", "-c", "istio-proxy", "--"],
      ...["pilot-agent", "request", "GET", "certs"],
    );
    expect(shown).toContain(`spiffe://${east}/ns/bookinfo/sa/bookinfo-productpage`);

    const mode = (name: string) => ({
      apiVersion: "security.istio.io/v1",
      kind: "PeerAuthentication",
      metadata: { name: "default", namespace: "bookinfo" },
      spec: { mtls: { mode: name } },
    });
    const ip = await kubectl(
      east,
      ...["-n", "bookinfo", "get", "pods", "-l", "app=details", "-o", "jsonpath={.items[0].status.podIP}"],
    );
    /** Asks from a pod of the host, which has no sidecar. */
    const asked = (): Promise<string> =>
      kubectl(
        "host",
        ...["-n", east, "exec", `${east}-0`, "-c", "syncer", "--", "sh", "-c"],
        `(printf 'GET /details/0 HTTP/1.1\\r\\nHost: details\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | nc -w 3 ${ip} 9080 || true`,
      );
    expect(await asked()).toContain("200 OK");
    apply(east, mode("STRICT"));
    await until(
      async () => !(await asked()).includes("200 OK"),
      60,
      () => "plain text is still answered",
    );
    expect((await fetch(page)).status).toBe(200);
    await kubectl(east, "-n", "bookinfo", "delete", "peerauthentication", "default");
  });

  it("fails on an image that there is not as it does on a real host", async () => {
    await kubectl("host", "run", "absent", "--image=docker.io/library/absent:1");
    await until(
      async () =>
        (await kubectl("host", "get", "events", "-o", "jsonpath={..message}")).includes(
          "docker.io/library/absent:1: not found",
        ),
      60,
      () => "nobody says that the image is not found",
    );
    await kubectl("host", "delete", "pod", "absent", "--now");
  });

  it("lets no packet out of the sandbox", async () => {
    const pod = ["-n", east, "exec", `${east}-0`, "-c", "syncer", "--"];
    // An address of the range that documentation uses.
    const tried = kubectl("host", ...pod, "sh", "-c", "nc -w 3 192.0.2.1 80 && echo out || echo in");
    expect(await tried).toBe("in\n");
  });

  it("changes nothing the second time", async () => {
    expect((await lab.rehearsed("up")).output).toMatch(/^0 changes$/m);
  });

  it("applies a changed value as that alone", async () => {
    const key = "mesh-lab:values.istiod.meshConfig.accessLogEncoding";
    await lab.pulumi("config", "set", "--path", key, "JSON");
    expect(await lab.updated()).toEqual([
      `update lab-${east}-istio-istiod`,
      `update lab-${west}-istio-istiod`,
    ]);
  });

  it("keeps its objects through a pause", async () => {
    const before = await kubectl(west, "-n", "bookinfo", "get", "deploy", "-o", "jsonpath={..uid}");
    await lab.rehearsed("lab", "--", "pause", west);
    await until(
      async () => (await kubectl("host", "-n", west, "get", "pods", "-o", "name")) === "",
      60,
      () => `pods of ${west} stay while it is paused`,
    );
    await lab.rehearsed("lab", "--", "resume", west);
    expect(await kubectl(west, "-n", "bookinfo", "get", "deploy", "-o", "jsonpath={..uid}")).toBe(before);
  });

  it("names a program of the node that dies, and is back with the next run", async () => {
    process.kill(nodeProcess("kubelet"), "SIGKILL");
    const ended = (): string => readFileIfAny(join(paths.run, "failed.json")) ?? "";
    await until(
      () => ended() !== "",
      60,
      () => "the host does not end without its kubelet",
    );
    expect(ended()).toContain("node.kubelet was killed by SIGKILL");
    // What was changed before is taken back, too.
    await lab.rehearsed("up");
    expect((await lab.rehearsed("up")).output).toMatch(/^0 changes$/m);
    await until(
      async () => (await fetch(page).catch(() => undefined))?.status === 200,
      120,
      () => `${page} does not answer again`,
    );
  });

  it("leaves nothing behind", async () => {
    const { output: said } = await lab.rehearsed("down");
    expect(said).toContain("Nothing is left");
    expect(leftProcesses()).toEqual([]);
    expect(existsSync(paths.node)).toBe(false);
    const groups = readdirSync("/sys/fs/cgroup").filter((name) =>
      existsSync(join("/sys/fs/cgroup", name, ownCgroup)),
    );
    expect(groups).toEqual([]);
  });
});

/** The process of this name in the sandbox of the node. */
function nodeProcess(name: string): number {
  const children = (parent: number): number[] =>
    readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const below = (parent: number): number[] => children(parent).flatMap((pid) => [pid, ...below(pid)]);
  const found = below(pidOf(rehearsalDir, "node")).find(
    (pid) => basename(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "") === name,
  );
  if (found === undefined) throw new Error(`${name} does not run on the node`);
  return found;
}
