import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { afterEach, describe, expect, test } from "vitest";
import { destinationOf, startWebhookProxy, type WebhookProxy } from "../../controllers/kit/webhook-proxy.ts";

const istiod = {
  metadata: { name: "istiod", namespace: "istio-system" },
  spec: { clusterIP: "10.96.1.2", selector: { app: "istiod" }, ports: [{ port: 15010 }, { port: 443 }] },
} satisfies V1Service;
const other: V1Service = {
  metadata: { name: "istiod", namespace: "other" },
  spec: { clusterIP: "10.96.1.3" },
};

const podOfIstiod = (ready: "True" | "False", namespace = "istio-system"): V1Pod => ({
  metadata: { name: "istiod-1", namespace, labels: { app: "istiod", istio: "pilot" } },
  status: { conditions: [{ type: "Ready", status: ready }] },
});
const inventory = (...pods: V1Pod[]) => ({ services: () => [other, istiod], pods: () => pods });
const endpoints = new Map([["istio-system/istiod:443", 4711]]);

describe("where a call leads", () => {
  test.each(["10.96.1.2:443", "istiod.istio-system.svc:443", "istiod.istio-system.svc.cluster.local:443"])(
    "%s: to whoever answers for the Service",
    (authority) => {
      expect(destinationOf(authority, inventory(podOfIstiod("True")), endpoints)).toEqual({ port: 4711 });
    },
  );

  test.each<[string, string, V1Pod[], string]>([
    [
      "an unknown address",
      "10.96.9.9:443",
      [podOfIstiod("True")],
      "no service has the address 10.96.9.9:443",
    ],
    [
      "a port that is not offered",
      "10.96.1.2:8443",
      [podOfIstiod("True")],
      "service istiod has no port 8443",
    ],
    ["no pod", "10.96.1.2:443", [], "no endpoints available for service istiod"],
    ["an unready pod", "10.96.1.2:443", [podOfIstiod("False")], "no endpoints available for service istiod"],
    [
      "a pod of another namespace",
      "10.96.1.2:443",
      [podOfIstiod("True", "other")],
      "no endpoints available for service istiod",
    ],
    [
      "a port nobody answers for",
      "10.96.1.2:15010",
      [podOfIstiod("True")],
      "nothing listens behind service istiod",
    ],
  ])("%s: nowhere", (_, authority, pods, refusal) => {
    expect(destinationOf(authority, inventory(...pods), endpoints)).toEqual({ refusal });
  });

  test("a Service without selector has no endpoints", () => {
    const bare = {
      services: () => [{ ...istiod, spec: { ...istiod.spec, selector: {} } }],
      pods: () => [podOfIstiod("True")],
    };
    expect(destinationOf("10.96.1.2:443", bare, endpoints)).toEqual({
      refusal: "no endpoints available for service istiod",
    });
  });
});

describe("the proxy itself", () => {
  let proxy: WebhookProxy | undefined;
  afterEach(async () => proxy?.stop());

  const dial = (
    port: number,
  ): Promise<{ status: number | undefined; reason: string | undefined; greeting: string }> =>
    new Promise((resolve, reject) => {
      request({ port, host: "127.0.0.1", method: "CONNECT", path: "10.96.1.2:443" })
        .on("connect", (response, socket, head: Buffer) => {
          const { statusCode: status, statusMessage: reason } = response;
          let greeting = head.toString();
          socket.on("data", (chunk: Buffer) => {
            greeting += chunk.toString();
          });
          socket.on("close", () => {
            resolve({ status, reason, greeting });
          });
          socket.on("error", reject);
        })
        .on("error", reject)
        .end();
    });

  test("tunnels to the endpoint, and refuses with a reason", async () => {
    const upstream = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const { port } = upstream.address() as AddressInfo;
    const refused: string[] = [];
    proxy = await startWebhookProxy((line) => refused.push(line));

    proxy.setInventory(inventory(podOfIstiod("True")));
    proxy.setEndpoint("istio-system/istiod:443", port);
    expect(await dial(proxy.port)).toMatchObject({ status: 200, greeting: "hello" });

    proxy.setEndpoint("istio-system/istiod:443", undefined);
    expect(await dial(proxy.port)).toMatchObject({
      status: 502,
      reason: "nothing listens behind service istiod",
      greeting: "",
    });
    expect(refused).toEqual(["webhook call refused: nothing listens behind service istiod"]);
    upstream.close();
  });
});
