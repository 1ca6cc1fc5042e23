import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { disturbed } from "../../../cli/try/disturbed.ts";
import { proxyLogs } from "../../../cli/try/logs.ts";
import { lookForObjects } from "../../../cli/try/objects.ts";
import { answersFromOutside } from "../../../cli/try/outside.ts";
import { answersTo } from "../../../cli/try/requests.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import { topologyOf, enabledCapabilities, type ChosenCapabilities } from "../../../capabilities/all.ts";
import { apiServer, stopApiServers } from "../support/api-server.ts";

afterAll(stopApiServers);

/** An object that is written as JSON without more about it, as a log is. */
const written = (value: string | number): object => Object(value) as object;

describe("requests", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  async function gateway(answer: (request: IncomingMessage) => [status: number, body: string] | undefined) {
    const asked: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      asked.push(request);
      const answered = answer(request);
      if (answered === undefined) request.socket.destroy();
      else response.writeHead(answered[0], { "X-Mesh-Lab": "bookinfo" }).end(answered[1]);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  it("are sent as often as they are to be, with what is theirs, and give what came back", async () => {
    const { url, asked } = await gateway(() => [418, "tea"]);
    const headers = { host: "productpage.global" };
    const answers = await answersTo(url, { path: "/a?b=c", method: "POST", headers, times: 2 });
    expect(asked.map(({ method, url: path, headers: got }) => [method, path, got.host])).toEqual([
      ["POST", "/a?b=c", "productpage.global"],
      ["POST", "/a?b=c", "productpage.global"],
    ]);
    expect(answers).toHaveLength(2);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 418, body: "tea", headers: { "x-mesh-lab": "bookinfo" } });
      expect(answer.seconds).toBeGreaterThan(0);
      expect(answer.seconds).toBeLessThan(5);
    }
  });

  it("that lead nowhere are answers, too", async () => {
    const { url } = await gateway(() => undefined);
    expect(await answersTo(url, { path: "/", times: 1 })).toMatchObject([{ status: 0, body: "" }]);
  });

  it("do not follow whoever sends them elsewhere", async () => {
    const { url } = await gateway(() => [302, ""]);
    expect(await answersTo(url, { path: "/", times: 1 })).toMatchObject([{ status: 302 }]);
  });
});

describe("a disturbance", () => {
  const path = "/apis/apps/v1/namespaces/bookinfo/deployments/ratings-v1";
  const change = {
    deployment: "ratings-v1",
    patch: { spec: { replicas: 0 } },
    undo: { spec: { replicas: 1 } },
  };
  const settled = {
    metadata: { generation: 2 },
    spec: { replicas: 1 },
    status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
  };
  const server = () => apiServer({ [`PATCH ${path}`]: settled, [`GET ${path}`]: settled });

  it("is there while something is done, and undone afterwards", async () => {
    const { kubeconfig, requests, bodies } = await server();
    const given: unknown[] = [];
    const result = await disturbed(kubeConfigOf({ kubeconfig }), change, async () => {
      given.push(bodies.get(`PATCH ${path}`));
      return "done";
    });
    given.push(bodies.get(`PATCH ${path}`));
    expect(result).toBe("done");
    expect(given).toEqual([change.patch, change.undo]);
    expect(requests).toEqual([`PATCH ${path}`, `GET ${path}`, `PATCH ${path}`, `GET ${path}`]);
  });

  it("is undone where that fails", async () => {
    const { kubeconfig, bodies } = await server();
    const work = async () => Promise.reject(new Error("no gateway"));
    await expect(disturbed(kubeConfigOf({ kubeconfig }), change, work)).rejects.toThrow("no gateway");
    expect(bodies.get(`PATCH ${path}`)).toEqual(change.undo);
  });

  it("is undone where it is interrupted", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const { kubeconfig, bodies } = await server();
    const before = process.listenerCount("SIGINT");
    await disturbed(kubeConfigOf({ kubeconfig }), change, async () => {
      process.emit("SIGINT");
      await vi.waitFor(() => {
        expect(exit).toHaveBeenCalledWith(130);
      });
      expect(bodies.get(`PATCH ${path}`)).toEqual(change.undo);
    });
    expect(process.listenerCount("SIGINT")).toBe(before);
    exit.mockRestore();
  });
});

describe("a request from outside of the mesh", () => {
  const pods = "/api/v1/namespaces/default/pods";
  const pod = `${pods}/mesh-lab-try`;

  it("comes from a pod without a sidecar, which is gone afterwards", async () => {
    const { kubeconfig, requests, bodies } = await apiServer({
      [`POST ${pods}`]: {},
      [`GET ${pod}`]: { status: { phase: "Succeeded" } },
      [`GET ${pod}/log`]: written("000"),
      [`DELETE ${pod}?gracePeriodSeconds=0`]: {},
    });
    const answers = await answersFromOutside(
      kubeConfigOf({ kubeconfig }),
      "details",
      { path: "/details/0", times: 1 },
      "mirror.test",
    );
    expect(answers).toMatchObject([{ status: 0 }]);
    const { metadata, spec } = bodies.get(`POST ${pods}`) as V1Pod;
    expect(metadata?.annotations).toEqual({ "sidecar.istio.io/inject": "false" });
    expect(spec?.restartPolicy).toBe("Never");
    expect(spec?.containers).toMatchObject([{ image: "mirror.test/curlimages/curl:8.10.1" }]);
    expect(spec?.containers[0]?.command?.at(-1)).toBe("http://details.bookinfo:9080/details/0");
    expect(requests.at(-1)).toBe(`DELETE ${pod}?gracePeriodSeconds=0`);
  });
});

describe("logs of proxies", () => {
  it("are those of all pods of an application", async () => {
    const pods = "/api/v1/namespaces/bookinfo/pods";
    const log = (name: string) => `GET ${pods}/${name}/log?container=istio-proxy&sinceSeconds=5`;
    const { kubeconfig } = await apiServer({
      [`GET ${pods}?labelSelector=app%3Dreviews`]: {
        items: [{ metadata: { name: "one" } }, { metadata: { name: "two" } }],
      },
      [log("one")]: written("first"),
      [log("two")]: written("second"),
    });
    const text = await proxyLogs(kubeConfigOf({ kubeconfig }), { app: "reviews" }, 5);
    expect(text).toContain("first");
    expect(text).toContain("second");
  });

  it("are those of one version, where that is asked for", async () => {
    const pods = "/api/v1/namespaces/bookinfo/pods";
    const { kubeconfig } = await apiServer({
      [`GET ${pods}?labelSelector=app%3Dreviews%2Cversion%3Dv3`]: {
        items: [{ metadata: { name: "three" } }],
      },
      [`GET ${pods}/three/log?container=istio-proxy&sinceSeconds=5`]: written("third"),
    });
    const text = await proxyLogs(kubeConfigOf({ kubeconfig }), { app: "reviews", version: "v3" }, 5);
    expect(text).toBe("third");
  });
});

describe("objects of a capability", () => {
  const view = topologyOf([{ name: "east", bookinfo: { reviews: ["v1"] } }]);
  const looked = async (chosen: ChosenCapabilities, answers: Record<string, object>) => {
    const [on] = enabledCapabilities(chosen, view);
    if (on === undefined) throw new Error("it is off");
    const resources = (group: string, kind: string, name: string) => ({
      [`GET /apis/${group}/v2`]: { resources: [{ kind, name, namespaced: true }] },
    });
    const { kubeconfig } = await apiServer({
      ...resources("networking.gloo.solo.io", "RouteTable", "routetables"),
      ...resources("resilience.policy.gloo.solo.io", "FaultInjectionPolicy", "faultinjectionpolicies"),
      ...resources("admin.gloo.solo.io", "WorkspaceSettings", "workspacesettings"),
      ...answers,
    });
    return lookForObjects(kubeConfigOf({ kubeconfig }), on, "east");
  };
  const route = "/apis/networking.gloo.solo.io/v2/namespaces/bookinfo/routetables/ratings";
  const faults = {
    faultInjection: {
      route: "ratings",
      delay: false,
      abort: { httpStatus: 500, percentage: 50 },
    },
  } as const;

  it("are there, or named as missing, with the routes that it needs", async () => {
    expect(await looked(faults, { [`GET ${route}`]: { kind: "RouteTable" } })).toEqual({
      there: ["RouteTable bookinfo/ratings"],
      missing: ["FaultInjectionPolicy bookinfo/fault-injection"],
    });
  });

  it.each([
    [true, { there: ["WorkspaceSettings gloo-mesh/developers"], missing: [] }],
    [false, { there: [], missing: ["WorkspaceSettings gloo-mesh/developers"] }],
  ])("are the workspace's settings, where these are as it wants them: %s", async (enabled, found) => {
    const settings = "/apis/admin.gloo.solo.io/v2/namespaces/gloo-mesh/workspacesettings/developers";
    const options = { serviceIsolation: { enabled, trimProxyConfig: true } };
    expect(
      await looked(
        { serviceIsolation: { trimProxyConfig: true } },
        { [`GET ${settings}`]: { kind: "WorkspaceSettings", spec: { options } } },
      ),
    ).toEqual(found);
  });
});
