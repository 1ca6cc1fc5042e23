import { afterAll, describe as serially, expect, it } from "vitest";
import { lookInto } from "../../../cli/clusters/look.ts";
import {
  existingControlPlane,
  isPaused,
  isStopped,
  patchControlPlane,
  pausing,
  resuming,
} from "../../../cli/clusters/control-plane.ts";
import { judge } from "../../../cli/status/judge.ts";
import { hasAllPods, type SeenCluster } from "../../../cli/status/seen.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import {
  controlPlaneOf,
  controlPlanePods,
  isDeployment,
} from "../../../kubernetes/vcluster/control-plane.ts";
import { stopped } from "../../../kubernetes/vcluster/stopped.ts";
import { type Answer, apiServer, stopApiServers } from "../support/api-server.ts";

// Without a volume, today's chart makes a Deployment of a control plane.

const describe = serially.concurrent;
afterAll(stopApiServers);

const deployments = "/apis/apps/v1/namespaces/east/deployments/east";
const statefulSets = "/apis/apps/v1/namespaces/east/statefulsets/east";
const copies = "GET /api/v1/namespaces/east/pods?labelSelector=vcluster.loft.sh%2Fmanaged-by%3Deast";
const notes = {
  "loft.sh/paused": "true",
  "loft.sh/paused-replicas": "1",
  "loft.sh/paused-date": "2026-11-29T08:00:00.000Z",
};
const without = { "loft.sh/paused": null, "loft.sh/paused-replicas": null, "loft.sh/paused-date": null };

const object = (kind: string, replicas: number, annotations: object = {}, status: object = {}) => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name: "east", namespace: "east", annotations },
  spec: { replicas },
  status,
});

async function hostWith(answers: Readonly<Record<string, Answer>>) {
  const server = await apiServer(answers);
  return { ...server, host: kubeConfigOf({ kubeconfig: server.kubeconfig }) };
}

describe("the control plane of a virtual cluster", () => {
  it.each([
    ["StatefulSet", statefulSets, false],
    ["Deployment", deployments, true],
  ])("is found in a %s", async (kind, path, expected) => {
    const { host } = await hostWith({ [`GET ${path}`]: object(kind, 1) });
    const found = await controlPlaneOf(host, "east");
    expect(found).toMatchObject({ metadata: { name: "east" }, spec: { replicas: 1 } });
    expect(found && isDeployment(found)).toBe(expected);
    expect(await existingControlPlane(host, "east")).toEqual(found);
  });

  it("is found in what keeps its data, where a change has left both", async () => {
    const { host, requests } = await hostWith({
      [`GET ${statefulSets}`]: object("StatefulSet", 1),
      [`GET ${deployments}`]: object("Deployment", 0),
    });
    expect(await controlPlaneOf(host, "east")).toMatchObject({ spec: { replicas: 1 } });
    expect(requests).toEqual([`GET ${statefulSets}`]);
  });

  it("is not there where neither is", async () => {
    const { host } = await hostWith({});
    expect(await controlPlaneOf(host, "east")).toBeUndefined();
    await expect(existingControlPlane(host, "east")).rejects.toThrow(
      /^There is no virtual cluster east on the host \(context c\): pulumi up first\.$/,
    );
  });

  it("is not taken for gone where the host does not say", async () => {
    const { host } = await hostWith({ [`GET ${statefulSets}`]: { refusal: 403, message: "forbidden" } });
    await expect(controlPlaneOf(host, "east")).rejects.toThrow("forbidden");
  });

  it("has pods that one knows by their labels, of any name", async () => {
    const labelled = "/api/v1/namespaces/east/pods?labelSelector=app%3Dvcluster%2Crelease%3Deast";
    const { host } = await hostWith({
      [`GET ${labelled}`]: { items: [{ metadata: { name: "east-7f9c-x" } }] },
    });
    expect((await controlPlanePods(host, "east")).map(({ metadata }) => metadata?.name)).toEqual([
      "east-7f9c-x",
    ]);
  });
});

describe.each([
  ["Deployment", deployments, statefulSets],
  ["StatefulSet", statefulSets, deployments],
])("a control plane that is a %s", (kind, path, other) => {
  const server = (found: object) =>
    hostWith({ [`GET ${path}`]: found, [`PATCH ${path}`]: found, [`PATCH ${other}`]: found });

  it("is paused there, with the three notes of vcluster", async () => {
    const { host, bodies, requests } = await server(object(kind, 1));
    const found = await existingControlPlane(host, "east");
    expect([isPaused(found), isStopped(found)]).toEqual([false, false]);
    await patchControlPlane(host, found, pausing(found, new Date(notes["loft.sh/paused-date"])));
    expect(requests).toContain(`PATCH ${path}`);
    expect(requests).not.toContain(`PATCH ${other}`);
    expect(bodies.get(`PATCH ${path}`)).toEqual({
      metadata: { annotations: notes },
      spec: { replicas: 0 },
    });
  });

  it("is resumed there, without them", async () => {
    const { host, bodies } = await server(object(kind, 0, notes));
    const found = await existingControlPlane(host, "east");
    expect([isPaused(found), isStopped(found)]).toEqual([true, true]);
    await patchControlPlane(host, found, resuming(found));
    expect(bodies.get(`PATCH ${path}`)).toEqual({
      metadata: { annotations: without },
      spec: { replicas: 1 },
    });
  });

  it("is left alone where there is nothing to change", async () => {
    const { host, requests } = await server(object(kind, 1));
    const found = await existingControlPlane(host, "east");
    await patchControlPlane(host, found, resuming(found));
    expect(requests.filter((request) => request.startsWith("PATCH"))).toEqual([]);
  });

  it("is waited for until it has stopped, and then what it ran is removed", async () => {
    const states = [object(kind, 0, notes, { replicas: 1 }), object(kind, 0, notes, {})];
    const pod = "/api/v1/namespaces/east/pods/details-x-bookinfo-x-east";
    const { host, requests } = await hostWith({
      [`GET ${path}`]: () => states.shift(),
      [copies]: { items: [{ metadata: { name: "details-x-bookinfo-x-east" } }] },
      [`DELETE ${pod}`]: {},
    });
    expect(await stopped(host, { cluster: "east", timeoutSeconds: 20 })).toEqual({ removed: 1 });
    const order = requests.filter((request) => request !== `GET ${statefulSets}`);
    expect(order.slice(-3)).toEqual(
      [`GET ${path}`, copies, `DELETE ${pod}`].slice(path === statefulSets ? 1 : 0),
    );
  });
});

describe("what runs of a cluster", () => {
  it("is not removed where nothing says that its control plane has stopped", async () => {
    const { host, requests } = await hostWith({});
    await expect(stopped(host, { cluster: "east", timeoutSeconds: 5 })).rejects.toThrow(
      "the control plane of east, which is to stop, is not in namespace east of the host: npm run lab -- status says what is",
    );
    expect(requests).toEqual([`GET ${statefulSets}`, `GET ${deployments}`]);
  });

  it("is not looked into where a Deployment of it is scaled down", async () => {
    const { host } = await hostWith({ [`GET ${deployments}`]: object("Deployment", 0) });
    expect(await lookInto(host, { kubeconfig: "" }, "east")).toMatchObject({ name: "east", paused: true });
  });
});

describe("the state of a cluster whose control plane is a Deployment", () => {
  const seen = (controlPlane: object): SeenCluster =>
    ({
      name: "east",
      role: "workload",
      isToBePaused: false,
      controlPlane,
      release: { name: "east", namespace: "east", status: "deployed" },
      onHost: [],
    }) as unknown as SeenCluster;

  it.each([
    ["starting", object("Deployment", 1, {}, { replicas: 1 }), false],
    ["running", object("Deployment", 1, {}, { replicas: 1, readyReplicas: 1 }), true],
    ["stopped", object("Deployment", 0), true],
    ["paused", object("Deployment", 0, notes), true],
  ])("is %s", (state, controlPlane, hasAll) => {
    expect(judge([seen(controlPlane)])[0]?.state).toBe(state);
    expect(hasAllPods(controlPlane as never)).toBe(hasAll);
  });
});
