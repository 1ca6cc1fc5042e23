import { afterAll, describe as serially, expect, it } from "vitest";
import { volumeChanges } from "../../../components/base/kept-volume.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import { immutablesIn, makeRoom, volumesOf } from "../../../kubernetes/vcluster/immutable.ts";
import { apiServer, stopApiServers } from "../support/api-server.ts";

const describe = serially.concurrent;
afterAll(stopApiServers);

describe("a change that Kubernetes refuses", () => {
  it.each([
    [
      "cannot patch \"east\" with kind StatefulSet: StatefulSet.apps \"east\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' are forbidden",
      ["StatefulSet east"],
    ],
    [
      'cannot patch "a" with kind Deployment: Deployment.apps "a" is invalid: spec.selector: Invalid value: {}: field is immutable && cannot patch "b" with kind Deployment: Deployment.apps "b" is invalid: spec.selector: Invalid value: {}: field is immutable',
      ["Deployment a", "Deployment b"],
    ],
    [
      'cannot patch "p" with kind PersistentVolumeClaim: PersistentVolumeClaim "p" is invalid: spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
      ["PersistentVolumeClaim p"],
    ],
    [
      'cannot patch "r" with kind ClusterRoleBinding: ClusterRoleBinding "r" is invalid: roleRef: Invalid value: {}: cannot change roleRef',
      ["ClusterRoleBinding r"],
    ],
    [
      'cannot patch "a" with kind Deployment: Deployment.apps "a" is invalid: spec.replicas: Invalid value: -1',
      [],
    ],
    ["context deadline exceeded", []],
  ])("is told by Helm: %s", (error, objects) => {
    expect(immutablesIn(["another", error], "east").map(({ kind, name }) => `${kind} ${name}`)).toEqual(
      objects,
    );
  });

  const sets = "/apis/apps/v1/namespaces/east/statefulsets/east";
  const claims = "/api/v1/namespaces/east/persistentvolumeclaims";
  const set = { kind: "StatefulSet", namespace: "east", name: "east" };
  /** A host with a StatefulSet and a claim of it, which is bound or not, and one of another's. */
  async function host(phase: string) {
    const there = new Set([sets, `${claims}/data-east-0`]);
    const found = (path: string, object: object) => () => (there.has(path) ? object : undefined);
    const removed = (path: string) => () => {
      there.delete(path);
      return { kind: "Status" };
    };
    const template = { metadata: { name: "data" } };
    return apiServer({
      [`GET ${sets}`]: found(sets, { spec: { volumeClaimTemplates: [template] } }),
      [`DELETE ${sets}?propagationPolicy=Foreground`]: removed(sets),
      [`GET ${claims}`]: {
        items: [
          { metadata: { name: "data-east-0" }, status: { phase } },
          { metadata: { name: "data-east-other-0" }, status: { phase: "Bound" } },
        ],
      },
      [`GET ${claims}/data-east-0`]: found(`${claims}/data-east-0`, {}),
      [`DELETE ${claims}/data-east-0?propagationPolicy=Foreground`]: removed(`${claims}/data-east-0`),
      "GET /api/v1": {
        resources: [{ name: "persistentvolumeclaims", kind: "PersistentVolumeClaim", namespaced: true }],
      },
      "GET /apis/apps/v1": { resources: [{ name: "statefulsets", kind: "StatefulSet", namespaced: true }] },
    });
  }

  it("has a StatefulSet replaced that never had a volume, with the claim that waits for one", async () => {
    const { kubeconfig, requests } = await host("Pending");
    const cluster = kubeConfigOf({ kubeconfig });
    expect(await volumesOf(cluster, set)).toEqual([]);
    expect(await makeRoom(cluster, set, 5)).toBe(true);
    expect(requests.filter((request) => request.startsWith("DELETE"))).toEqual([
      `DELETE ${sets}?propagationPolicy=Foreground`,
      `DELETE ${claims}/data-east-0?propagationPolicy=Foreground`,
    ]);
  });

  it("leaves one alone that has a volume, and what cannot be made again without a loss", async () => {
    const { kubeconfig, requests } = await host("Bound");
    const cluster = kubeConfigOf({ kubeconfig });
    expect(await volumesOf(cluster, set)).toEqual(["PersistentVolumeClaim data-east-0"]);
    expect(await makeRoom(cluster, set, 5)).toBe(false);
    expect(await makeRoom(cluster, { ...set, kind: "Service" }, 5)).toBe(false);
    expect(requests.filter((request) => request.startsWith("DELETE"))).toEqual([]);
  });
});

describe("a volume", () => {
  it("changes with each key that it depends on", () => {
    const before = { persistence: true, storageSize: "5Gi" };
    expect(volumeChanges(before, before)).toEqual([]);
    expect(volumeChanges(before, { persistence: true, storageSize: "10Gi", storageClass: "fast" })).toEqual([
      "controlPlane.storageSize: 5Gi to 10Gi",
      "controlPlane.storageClass: not set to fast",
    ]);
    expect(volumeChanges(before, { persistence: false })).toEqual([
      "controlPlane.persistence: true to false",
      "controlPlane.storageSize: 5Gi to not set",
    ]);
  });
});
