import { describe, expect, test } from "vitest";
import { delayProfiles } from "../../profile/delays.ts";
import type { HostChoice } from "../../profile/choice.ts";
import { askedOf, choose, environmentFor } from "../../profile/host-choice.ts";
import { nodesOf } from "../../host/cluster/nodes.ts";
import { volumeFor } from "../../host/cluster/volumes.ts";
import { checkProfile, hostNames, readProfile, readSettings } from "../../profile/settings.ts";

describe("the hosts that can be simulated", () => {
  test.each(hostNames())("%s is described in full", (name) => {
    expect(readProfile(name).description).not.toBe("");
  });

  test("do not include what nobody has described, and not what lies elsewhere", () => {
    expect(() => readProfile("gke")).toThrow(
      /^HOST is "gke": there is no such host to simulate. There is: .*article/,
    );
    expect(() => readProfile("../hosts/article")).toThrow("there is no such host");
  });

  test("differ in what a program has to cope with", () => {
    const facts = hostNames().map((name) => {
      const { nodes, serviceCidr, loadBalancer, storageClass } = readProfile(name);
      const keys = nodes.flatMap(({ labels }) => Object.keys(labels));
      return [name, serviceCidr, loadBalancer, storageClass, keys.includes("topology.kubernetes.io/zone")];
    });
    expect(facts.sort()).toEqual([
      ["article", "10.96.0.0/16", "ip", "standard", false],
      ["default", "10.96.0.0/16", "ip", "standard", false],
      ["eks", "10.100.0.0/16", "hostname", "gp2", true],
      ["four", "10.96.0.0/16", "ip", "standard", false],
      ["k3s", "10.43.0.0/16", "none", "local-path", false],
      ["kind", "10.96.0.0/16", "ip", "standard", false],
    ]);
  });
});

describe("the description of a host", () => {
  const text = `
description: a test
nodes: [{ count: 1, cpu: 3, memory: 24Gi }]
serviceCidr: 10.0.0.0/16
loadBalancer: none
`;

  test("needs no storage class, and little about its nodes", () => {
    expect(checkProfile("test.yaml", text)).toEqual({
      description: "a test",
      nodes: [{ count: 1, cpu: "3", memory: "24Gi", pods: 110, labels: {}, taints: [] }],
      serviceCidr: "10.0.0.0/16",
      loadBalancer: "none",
    });
  });

  test.each([
    ["memory: 24Gi", "memory: 24 GB", '"24 GB" is no quantity; expected one like 3, 500m or 24Gi'],
    ["cpu: 3", "cpu: 0", '"0" is no quantity'],
    ["count: 1", "count: 251", "at most 250 nodes"],
    ["count: 1", "number: 1", 'Unrecognized key: "number"'],
    ["10.0.0.0/16", "10.0.0.0", '"10.0.0.0" is no IPv4 range; expected one like 10.96.0.0/16'],
    ["none", "dns", "loadBalancer"],
    ["none", "none\nstorageclass: gp3", 'Unrecognized key: "storageclass"'],
    ["24Gi }", "24Gi, taints: [{ key: a, effect: Never }] }", "effect"],
  ])("says what is wrong: not %s but %s", (right, wrong, message) => {
    const file = "rehearsal/profile/hosts/test.yaml";
    const check = () => checkProfile(file, text.replace(right, wrong));
    expect(check).toThrow(`${file} does not describe a host:`);
    expect(check).toThrow(message);
  });
});

const usual: HostChoice = { pods: "simulated", host: "default", delays: "none", seed: 1 };
const eks: HostChoice = { pods: "containers", host: "eks", delays: "realistic", seed: 7 };

describe("settings", () => {
  test("are the choice's, with single fields overridden, delays one by one", () => {
    const chosen = readSettings(eks, "");
    expect(chosen).toEqual({
      ...readProfile("eks"),
      delays: delayProfiles.realistic,
      seed: 7,
      pods: "containers",
    });
    expect(readSettings(eks, '{"loadBalancer": "ip", "delays": {"podReady": 8}}')).toEqual({
      ...chosen,
      loadBalancer: "ip",
      delays: { ...chosen.delays, podReady: [8, 8] },
    });
  });

  test.each(["{", "[]", '{"nodes": 2}', '{"node": []}', '{"delays": {"podReady": "8"}}'])(
    "refuse %s and show what is right",
    (text) => {
      expect(() => readSettings(usual, text)).toThrow(
        'REHEARSAL_SETTINGS must be a JSON object such as {"loadBalancer": "none", "delays": {"podReady": 8}}:',
      );
    },
  );
});

describe("the choice of a host", () => {
  test("is asked for by variables, the host also by the name of the stack", () => {
    expect(askedOf({}, "dev")).toEqual({});
    expect(askedOf({ HOST: "", DELAYS: "", SEED: "" }, "k3s")).toEqual({ host: "k3s" });
    expect(askedOf({ PODS: "containers", HOST: "eks", DELAYS: "realistic", SEED: "7" }, "k3s")).toEqual(eks);
  });

  test.each([
    [{ PODS: "real" }, 'PODS is "real": expected containers or simulated.'],
    [{ DELAYS: "slow" }, 'DELAYS is "slow": expected none or realistic.'],
    [{ SEED: "x" }, 'SEED is "x": expected a whole number.'],
    [{ SEED: "1.5" }, 'SEED is "1.5": expected a whole number.'],
  ])("is refused where there is no such choice: %j", (environment, message) => {
    expect(() => askedOf(environment)).toThrow(message);
  });

  test("is the default host, without delays, where there is no host and none is asked for", () => {
    expect(choose({}, undefined)).toEqual(usual);
    expect(choose({ host: "eks", seed: 2 }, undefined)).toEqual({ ...usual, host: "eks", seed: 2 });
    expect(choose({}, undefined, "containers")).toEqual({ ...usual, pods: "containers" });
    expect(choose({ pods: "simulated" }, undefined, "containers")).toEqual(usual);
  });

  test("holds for as long as there is a host", () => {
    expect(choose({}, eks)).toEqual(eks);
    expect(choose({ host: "eks", delays: "realistic" }, eks)).toEqual(eks);
    expect(() => choose({ host: "k3s" }, eks)).toThrow(
      "This run asks for HOST=k3s, and there is a host that was made with HOST=eks: " +
        "make rehearse-down first, or go on with HOST=eks.",
    );
    expect(() => choose({ host: "eks", seed: 8 }, eks)).toThrow("asks for SEED=8, and there is");
  });

  test("reaches the host's process by its environment", () => {
    expect(askedOf(environmentFor(eks))).toEqual(eks);
  });
});

describe("the simulated machines", () => {
  const { nodes: groups } = readProfile("eks");

  test("are the nodes of all groups, each with an address and pods' addresses of its own", () => {
    const nodes = nodesOf(groups, 7, "v1.36.3");
    expect(nodes.map(({ metadata }) => metadata?.name)).toEqual(["node-1", "node-2", "node-3"]);
    expect(new Set(nodes.map(({ spec }) => spec?.podCIDR)).size).toBe(3);
    const addresses = nodes.map(({ status }) => status?.addresses?.map(({ address }) => address));
    expect(addresses).toEqual([
      ["127.7.1.1", "node-1"],
      ["127.7.1.2", "node-2"],
      ["127.7.1.3", "node-3"],
    ]);
    expect(nodes.map(({ status }) => status?.allocatable?.["cpu"])).toEqual(["3920m", "3920m", "1930m"]);
  });

  test("carry the labels and taints of their group", () => {
    const [first, , dedicated] = nodesOf(groups, 7, "v1.36.3");
    expect(dedicated?.metadata?.labels).toMatchObject({
      dedicated: "control-planes",
      "kubernetes.io/hostname": "node-3",
    });
    const taint = { key: "dedicated", value: "control-planes", effect: "NoSchedule" };
    expect([first, dedicated].map((node) => node?.spec?.taints)).toEqual([[], [taint]]);
  });

  test("have volumes that belong to one claim only", () => {
    const volume = volumeFor(
      {
        metadata: { name: "data-devmgmt-0", namespace: "devmgmt", uid: "u1" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } },
      },
      "gp2",
      "/volumes",
    );
    expect(volume.metadata?.name).toBe("pvc-u1");
    expect(volume.spec).toMatchObject({
      capacity: { storage: "5Gi" },
      accessModes: ["ReadWriteOnce"],
      claimRef: { name: "data-devmgmt-0", namespace: "devmgmt", uid: "u1" },
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: "gp2",
    });
  });
});
