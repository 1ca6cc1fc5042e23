import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { serviceAddress } from "../../host/network/addresses.ts";
import { explain } from "../../host/node/checks.ts";
import { dnsObjects } from "../../host/node/dns.ts";
import { startConnectProxy } from "../../host/node/inside/connect-proxy.ts";
import { dialThrough } from "../../host/node/reach.ts";
import { sandboxArguments } from "../../host/node/sandbox.ts";
import { nodeSettings } from "../../host/node/settings.ts";

const facts = {
  caFile: "/pki/ca.crt",
  kubelet: { certFile: "/pki/kubelet.crt", keyFile: "/pki/kubelet.key" },
  kubeProxyKubeconfig: "/pki/kube-proxy.kubeconfig",
  dnsAddress: "10.96.0.10",
  network: 7,
  cgroup: "/mesh-lab-1",
};

describe("the settings of the node", () => {
  const kubelet = (cgroup: string | undefined) =>
    parse(nodeSettings({ ...facts, cgroup })["kubelet.yaml"] ?? "") as Record<string, unknown>;

  it("keep all cgroups in one folder, or do without any", () => {
    expect(kubelet("/mesh-lab-1")).toMatchObject({ cgroupRoot: "/mesh-lab-1", cgroupsPerQOS: false });
    expect(kubelet("/mesh-lab-1")).not.toHaveProperty("localStorageCapacityIsolation");
    expect(kubelet(undefined)).toMatchObject({ featureGates: { KubeletInUserNamespace: true } });
    expect(kubelet(undefined)).not.toHaveProperty("cgroupRoot");
  });

  it("have pods reach the addresses of this rehearsal's load balancers, and no others of the loopback", () => {
    const cni = nodeSettings(facts)["cni/10-node.conflist"] ?? "";
    expect(cni.match(/127[\d./]+/g)).toEqual(["127.7.0.0/24"]);
  });

  it("have every image come from the rehearsal's registry", () => {
    expect(nodeSettings(facts)["registry/_default/hosts.toml"]).toMatch(
      /^server = "http:\/\/10\.250\.0\.1:5000"/,
    );
  });
});

describe("the sandbox", () => {
  const script = (user: "root" | "ordinary") => sandboxArguments(user, { command: ["it's"], processors: 3 });

  it("has a user namespace for an ordinary user alone", () => {
    expect(script("root")).not.toContain("--user");
    expect(script("ordinary")).toEqual(expect.arrayContaining(["--user", "--map-root-user", "--map-auto"]));
  });

  it("ends with who started it, and has as many processors as it is told", () => {
    expect(script("root")).toContain("--kill-child");
    expect(script("root").at(-1)).toContain("{0..2}");
  });

  it("runs a program of any name", () => {
    expect(script("root").at(-1)).toContain(`'it'\\''s' <&3`);
  });

  it.each<[error: { message?: string; stderr?: string }, remedy: string]>([
    [{ message: "spawn unshare ENOENT" }, "Install util-linux."],
    [{ stderr: "unshare: failed to execute newuidmap: No such file or directory" }, "Install uidmap"],
    [{ stderr: "bash: line 5: ip: command not found" }, "Install iproute2."],
    [
      { stderr: "unshare: unshare failed: Operation not permitted" },
      "Allow user namespaces, or run as root. On Ubuntu: sudo sysctl",
    ],
    [{ stderr: "unshare: write failed /proc/self/uid_map: Operation not permitted" }, "--add-subuids"],
  ])("that cannot be made is explained: %j", (error, remedy) => {
    const message = explain(error);
    expect(message).toMatch(/^The node's sandbox cannot be made: /);
    expect(message).toContain(error.message ?? error.stderr?.split(": ").at(-1));
    expect(message).toContain(remedy);
  });
});

describe("the addresses of a cluster's own Services", () => {
  it.each([
    ["10.96.0.0/16", 1, "10.96.0.1"],
    ["10.96.0.0/16", 10, "10.96.0.10"],
    ["10.96.0.248/29", 10, "10.96.1.2"],
  ])("of %s: the %dth is %s", (cidr, host, address) => {
    expect(serviceAddress(cidr, host)).toBe(address);
  });
});

describe("the cluster's DNS", () => {
  const configOf = (hosts: string | undefined) =>
    dnsObjects("10.96.0.10", hosts).find((object) => (object as { kind: string }).kind === "ConfigMap");

  it("knows the names of load balancers where they have any", () => {
    expect(configOf("127.7.0.2 lb-2.rehearsal.test\n")).toMatchObject({
      data: {
        Corefile: expect.stringContaining("hosts /etc/coredns/hosts") as string,
        hosts: expect.anything() as string,
      },
    });
    expect(JSON.stringify(configOf(undefined))).not.toContain("hosts /etc");
  });
});

describe("the proxy into the sandbox", () => {
  const folder = mkdtempSync(join(tmpdir(), "proxy-"));
  const socket = join(folder, "proxy.sock");
  const server = createServer((client) => client.end("hello"));
  let port = 0;

  beforeAll(async () => {
    await startConnectProxy(socket);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  it("gives connections to what is in it", async () => {
    expect(await text(await dialThrough(socket)({ host: "127.0.0.1", port }))).toBe("hello");
  });

  it("says who does not listen", async () => {
    await expect(dialThrough(socket)({ host: "127.0.0.1", port: 1 })).rejects.toThrow(
      "127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1",
    );
  });
});
