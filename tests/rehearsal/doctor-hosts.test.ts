import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Told } from "../../cli/doctor/check.ts";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { checkout } from "./support/checkout.ts";
import { stopHostOf } from "./support/faults.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

const directory = join(rehearsalDir, "doctor");
const settings = { nodes: [{ count: 2, cpu: 1, memory: "8Gi" }] };
const first = { name: "devcluster1", bookinfo: { reviews: ["v1", "v2"] } };
const second = { name: "devcluster2", bookinfo: { reviews: ["v1", "v2", "v3"] } };
const lab = { management: { name: "devmgmt" }, workloads: [first, second] };
const project = checkout({ lab });
const { rehearse, rehearsed, cluster } = rehearsalIn(
  directory,
  { STACK: "lab", HOST: "k3s", REHEARSAL_SETTINGS: JSON.stringify(settings) },
  project.directory,
);

beforeAll(async () => {
  await rehearsed("reset");
  await rehearsed("host");
});
afterAll(async () => {
  await rehearse("reset");
  project.remove();
});

/** What doctor found, by check, and what it ended with. */
async function examined(): Promise<{ code: number; found: Record<string, Told | undefined> }> {
  const { code, stdout } = await rehearse("lab", "--", "doctor", "--json");
  const told = JSON.parse(stdout) as Told[];
  return { code, found: Object.fromEntries(told.map((each) => [each.check, each])) };
}

// One after the other on one host, on which no lab was ever built.
describe("doctor, before a lab is up,", () => {
  it("finds a host too small, too new, and without a sign of a load balancer", async () => {
    const { code, found } = await examined();
    expect(found["room"]).toMatchObject({
      level: "wrong",
      found: expect.stringMatching(
        /^29 pods ask for 2\.71 CPUs and 8\.52 GiB; 2 nodes have 2 CPUs and 16 GiB free, for \d+ pods: no room for /,
      ) as string,
      advice: "Make room on the host, add a node, or ask for less: resources, values, fewer clusters.",
    });
    expect(found["host's version"]).toMatchObject({ level: "doubtful" });
    expect(found["load balancer"]).toMatchObject({
      level: "doubtful",
      advice: expect.stringContaining("Set expose to NodePort") as string,
    });
    for (const check of ["pulumi", "configuration", "license key", "charts", "rights", "storage class"])
      expect(found[check]).toMatchObject({ level: "fine" });
    expect(found["service range"]).toMatchObject({ level: "fine", found: "10.43.0.0/16" });
    expect(code).toBe(1);
  });

  it("wants no load balancer for node ports, and less room where less is asked for", async () => {
    project.configure("lab", { ...lab, expose: "NodePort", workloads: [first, { ...second, paused: true }] });
    const { code, found } = await examined();
    expect(found["load balancer"]).toMatchObject({
      level: "fine",
      found: "none is needed, expose is NodePort",
    });
    expect(found["node address"]).toMatchObject({ level: "fine" });
    expect(found["room"]).toMatchObject({ level: "fine" });
    expect(code).toBe(0);
  });

  it("misses a storage class, and a range that is not the host's", async () => {
    await cluster("host").storage.deleteStorageClass({ name: "local-path" });
    project.configure("lab", { ...lab, serviceCidr: "10.96.0.0/16" });
    const { code, found } = await examined();
    expect(found["storage class"]).toMatchObject({
      level: "wrong",
      found: "the host has no default class; it has: none",
    });
    expect(found["service range"]).toMatchObject({
      level: "wrong",
      found: "serviceCidr is 10.96.0.0/16, and the host's is 10.43.0.0/16: syncers would not start",
      advice: "Set it to the host's: set serviceCidr to 10.43.0.0/16 in Pulumi.lab.yaml.",
    });
    expect(code).toBe(1);
    project.configure("lab", { ...lab, serviceCidr: "10.43.0.0/16" });
    expect((await examined()).found["service range"]).toMatchObject({ level: "fine" });
    project.configure("lab", lab);
  });

  it("tells a user who may do nothing what he may not", async () => {
    const file = join(directory, "kubeconfig");
    const text = readFileSync(file, "utf8");
    const config = parse(text) as {
      users: { name: string; user: object }[];
      contexts: { name: string; context: { cluster: string; user: string } }[];
    };
    const host = config.contexts.find(({ name }) => name === "host")?.context;
    Object.assign(config.users.find(({ name }) => name === host?.user)?.user ?? {}, { as: "guest" });
    writeFileSync(file, stringify(config), { mode: 0o600 });
    const { code, found } = await examined();
    expect(found["rights"]).toMatchObject({
      level: "wrong",
      found: expect.stringContaining("create, patch, delete namespaces") as string,
    });
    // What he may not see is not taken for something that is not there.
    expect(found["room"]).toMatchObject({ level: "doubtful" });
    expect(code).toBe(1);
    writeFileSync(file, text, { mode: 0o600 });
  });

  it("tells a host that is not reached, and what it could not look at therefore", async () => {
    await stopHostOf(directory);
    const { code, found } = await examined();
    expect(found["host"]).toMatchObject({
      level: "wrong",
      found: expect.stringMatching(/^context host, https:\/\/\S+: nothing listens there/) as string,
      advice: "make rehearse starts it.",
    });
    for (const check of [
      "host's version",
      "rights",
      "storage class",
      "load balancer",
      "service range",
      "room",
    ])
      expect(found[check]).toMatchObject({ level: "doubtful", found: "not checked, it needs the host" });
    expect(found["charts"]).toMatchObject({ level: "fine" });
    expect(code).toBe(1);
  });
});
