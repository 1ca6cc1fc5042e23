import { afterAll, describe as serially, expect, it } from "vitest";
import { stringify } from "yaml";
import { type ExportedState, withoutCluster } from "../../../cli/stack/forget.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import { strangeness } from "../../../kubernetes/vcluster/identity.ts";
import { apiServer, stopApiServers } from "../support/api-server.ts";

const describe = serially.concurrent;
afterAll(stopApiServers);

describe("a virtual cluster", () => {
  const known = stringify({
    clusters: [
      { name: "mgmt", cluster: { "certificate-authority-data": "another" } },
      { name: "east", cluster: { "certificate-authority-data": "authority" } },
    ],
  });
  const at = (minute: number) => ({ creationTimestamp: `2027-01-15T10:0${minute}:00Z` });
  const set = (replicas: number, volumes = 1) => ({
    spec: { replicas, volumeClaimTemplates: Array.from({ length: volumes }, () => ({})) },
  });
  const secret = (authority: string, minute = 5) => ({
    metadata: at(minute),
    data: { "certificate-authority": authority },
  });
  const claim = (minute = 1) => ({ metadata: at(minute) });

  it.each<
    [
      string,
      reason: RegExp | undefined,
      { set?: object; deployment?: object; secret?: object; claim?: object },
    ]
  >([
    [
      "is the same with its authority",
      undefined,
      { set: set(1), secret: secret("authority"), claim: claim() },
    ],
    ["is the same without a volume, too", undefined, { set: set(1, 0), secret: secret("authority") }],
    [
      "is the same while it is paused",
      undefined,
      { set: set(0), secret: secret("authority"), claim: claim() },
    ],
    ["may be the same while it has not told its authority", undefined, { set: set(1), claim: claim() }],
    [
      "is gone with its StatefulSet",
      /^it is not on the host$/,
      { secret: secret("authority"), claim: claim() },
    ],
    [
      "is gone with its volume",
      /^its volume, PersistentVolumeClaim data-east-0, is gone/,
      { set: set(0), secret: secret("authority") },
    ],
    [
      "is another with another authority",
      /^it is another cluster/,
      { set: set(1), secret: secret("new"), claim: claim() },
    ],
    [
      "is another when it started with nothing",
      /^it is another cluster/,
      { set: set(1, 0), secret: secret("new") },
    ],
    [
      "is another on a volume that is younger than its credentials",
      /^it is another cluster/,
      { set: set(1), secret: secret("authority", 5), claim: claim(7) },
    ],
    [
      "is the same in a Deployment, which has no volume",
      undefined,
      { deployment: { spec: { replicas: 1 } }, secret: secret("authority") },
    ],
    [
      "is the same in a Deployment that somebody scaled down",
      undefined,
      { deployment: { spec: { replicas: 0 } }, secret: secret("authority") },
    ],
    [
      "is the same in a Deployment beside a volume of another time",
      undefined,
      { deployment: { spec: { replicas: 1 } }, secret: secret("authority", 5), claim: claim(7) },
    ],
    [
      "is another in a Deployment whose new pod began with nothing",
      /^it is another cluster/,
      { deployment: { spec: { replicas: 1 } }, secret: secret("new") },
    ],
  ])("%s", async (_, reason, found) => {
    const { kubeconfig } = await apiServer({
      ...(found.set && { "GET /apis/apps/v1/namespaces/east/statefulsets/east": found.set }),
      ...(found.deployment && { "GET /apis/apps/v1/namespaces/east/deployments/east": found.deployment }),
      ...(found.secret && { "GET /api/v1/namespaces/east/secrets/vc-east": found.secret }),
      ...(found.claim && { "GET /api/v1/namespaces/east/persistentvolumeclaims/data-east-0": found.claim }),
    });
    const said = await strangeness(kubeConfigOf({ kubeconfig }), { cluster: "east", kubeconfig: known });
    if (reason === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(reason);
  });
});

describe("a state without a cluster", () => {
  const urn = (types: string, name: string) => `urn:pulumi:dev::mesh-lab::meshlab:lab:Lab$${types}::${name}`;
  const vcluster = (name: string) => urn("meshlab:cluster:VCluster", `lab-${name}-vcluster`);
  const hostComponent = urn("meshlab:cluster:Host", "lab-host");
  const facts = `${hostComponent}$command:local:Command::lab-host-facts`;
  const host = urn("pulumi:providers:kubernetes", "lab-host-provider");
  /** What stands for one cluster, and an object inside. */
  const cluster = (name: string) => {
    const parent = vcluster(name);
    const of = (type: string, role: string) => `${parent}$${type}::lab-${name}-vcluster-${role}`;
    const namespace = of("kubernetes:core/v1:Namespace", "namespace");
    const provider = of("pulumi:providers:kubernetes", "provider");
    const step = of("command:local:Command", "kubeconfig");
    const inside = urn("kubernetes:core/v1:Namespace", `lab-${name}-gloo-mesh`);
    return {
      parts: [namespace, provider, step, inside],
      resources: [
        { urn: parent, type: "meshlab:cluster:VCluster", custom: false },
        {
          urn: namespace,
          type: "kubernetes:core/v1:Namespace",
          custom: true,
          parent,
          provider: `${host}::1`,
          inputs: { metadata: { name } },
        },
        { urn: step, type: "command:local:Command", custom: true, parent, deletedWith: namespace },
        { urn: provider, type: "pulumi:providers:kubernetes", custom: true, parent, dependencies: [step] },
        {
          urn: inside,
          type: "kubernetes:core/v1:Namespace",
          custom: true,
          provider: `${provider}::2`,
          // Also where it is inside of a cluster of another's name.
          inputs: { metadata: { name: "west" } },
          deletedWith: namespace,
        },
      ],
    };
  };
  const [east, west] = [cluster("east"), cluster("west")];
  const [, , eastStep = ""] = east.parts;
  const [, , westStep = ""] = west.parts;
  const token = urn("command:local:Command", "lab-west-relay-token");
  const state: ExportedState = {
    deployment: {
      resources: [
        { urn: "stack", type: "pulumi:pulumi:Stack", outputs: { kubeconfig: "secret" } },
        { urn: host, type: "pulumi:providers:kubernetes", custom: true },
        { urn: facts, type: "command:local:Command", custom: true, parent: hostComponent },
        ...east.resources,
        ...west.resources,
        {
          urn: token,
          type: "command:local:Command",
          custom: true,
          dependencies: [eastStep, westStep],
          propertyDependencies: { environment: [eastStep, westStep], create: null },
        },
      ],
      pending_operations: [{ resource: { urn: eastStep } }, { resource: { urn: westStep } }],
    },
  };
  const urnsOf = ({ deployment }: ExportedState) =>
    deployment.resources?.map((resource) => resource.urn) ?? [];

  it("has lost what stood for it and what is inside, and nothing else", () => {
    const after = withoutCluster(state, "east");
    const lost = urnsOf(state).filter((each) => !urnsOf(after).includes(each));
    expect(lost.toSorted()).toEqual(east.parts.toSorted());
    expect(after.deployment.pending_operations).toEqual([{ resource: { urn: westStep } }]);
    expect(after.deployment.resources?.find((resource) => resource.urn === token)).toMatchObject({
      dependencies: [westStep],
      propertyDependencies: { environment: [westStep], create: null },
    });
    expect(after.deployment.resources?.[0]?.outputs).toEqual({});
  });

  it("has lost what was found out about the host with the last cluster", () => {
    const one = withoutCluster(state, "east");
    expect(urnsOf(one)).toContain(facts);
    expect(urnsOf(withoutCluster(one, "west"))).not.toContain(facts);
    expect(urnsOf(withoutCluster(one, "west"))).toContain(host);
  });

  it("is the same where there is none of that name", () => {
    expect(urnsOf(withoutCluster(state, "north"))).toEqual(urnsOf(state));
  });
});
