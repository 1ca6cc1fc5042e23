import type { CoreV1Api, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { revived, suspendVclusters } from "../../host/supervisor/revival.ts";

const started = "rehearsal.mesh-lab.dev/started";

function pod(name: string, ready: boolean, annotations: Record<string, string>): V1Pod {
  return {
    metadata: { name: `${name}-0`, namespace: name, labels: { app: "vcluster", release: name }, annotations },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

/** The part of the API that is used, over a list of pods. */
function fakeApi(pods: V1Pod[]): CoreV1Api {
  const api: Pick<CoreV1Api, "listPodForAllNamespaces" | "patchNamespacedPod"> = {
    listPodForAllNamespaces: async () => ({ items: pods }),
    patchNamespacedPod: async ({ namespace, body }) => {
      expect(body).toEqual({ metadata: { annotations: { [started]: null } } });
      const found = pods.find(({ metadata }) => metadata?.namespace === namespace);
      delete found?.metadata?.annotations?.[started];
      return found ?? {};
    },
  };
  return api as CoreV1Api;
}

const devmgmt = { namespace: "devmgmt", name: "devmgmt" };
const devcluster1 = { namespace: "devcluster1", name: "devcluster1" };
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120));

describe("after a restart of the host", () => {
  test("vclusters that ran are held until they run again, others are left alone", async () => {
    const pods = [pod("devmgmt", true, { [started]: "true", a: "b" }), pod("devcluster1", false, { a: "b" })];
    expect(await suspendVclusters(fakeApi(pods))).toEqual([devmgmt]);
    expect(pods.map(({ metadata }) => metadata?.annotations)).toEqual([{ a: "b" }, { a: "b" }]);
  });

  test("the wait ends when each of them has started, is ready and can be reached", async () => {
    let pods = [pod("devmgmt", true, {}), pod("devcluster1", true, { [started]: "true" })];
    const reachable = new Set(["devcluster1"]);
    const api = { listPodForAllNamespaces: async () => ({ items: pods }) } as unknown as CoreV1Api;
    let over = false;
    const wait = revived(api, [devmgmt, devcluster1], ({ name }) => reachable.has(name)).then(() => {
      over = true;
    });
    const steps = [
      () => (pods = [pod("devmgmt", false, { [started]: "true" })]),
      () => (pods = [pod("devmgmt", true, { [started]: "true" })]),
    ];
    for (const step of steps) {
      await settle();
      step();
      expect(over).toBe(false);
    }
    await settle();
    expect(over).toBe(false);
    reachable.add("devmgmt");
    await wait;
  });

  test("nobody waits for a vcluster whose pod is gone", async () => {
    await revived(fakeApi([]), [devmgmt], () => false);
  });
});
