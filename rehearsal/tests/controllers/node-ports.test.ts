import type { V1Node, V1Service, V1ServicePort } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { correctedPorts, nodePortsOf } from "../../controllers/kit/node-ports.ts";
import { plain } from "../../controllers/kit/objects.ts";
import { reachOf } from "../../controllers/kit/reach.ts";

const service = (...ports: V1ServicePort[]): V1Service => ({ spec: { type: "NodePort", ports } });
const grpc = (nodePort?: number): V1ServicePort => ({
  name: "grpc",
  port: 9900,
  ...(nodePort === undefined ? {} : { nodePort }),
});
const health = { name: "health", port: 8090, nodePort: 30001 };

describe("the node ports asked of the host", () => {
  test("are those of the Service inside, as someone may have read them", () => {
    expect([...nodePortsOf(service(grpc(30000), health), undefined)]).toEqual([
      ["TCP/9900", 30000],
      ["TCP/8090", 30001],
    ]);
  });

  test("are those of the copy where it has some", () => {
    const nodePorts = nodePortsOf(service(grpc(30000), health), service(grpc(32000)));
    expect(Object.fromEntries(nodePorts)).toEqual({ "TCP/9900": 32000, "TCP/8090": 30001 });
  });

  test("are those of the same protocol", () => {
    const udp: V1ServicePort = { port: 9900, protocol: "UDP", nodePort: 32000 };
    expect(Object.fromEntries(nodePortsOf(service(grpc(30000)), service(udp)))).toEqual({
      "TCP/9900": 30000,
      "UDP/9900": 32000,
    });
  });
});

describe("the ports of the Service inside", () => {
  test("are corrected where the host has chosen others, and are otherwise left as they are", () => {
    const inside = service({ ...plain(grpc(30000)), targetPort: "grpc", appProtocol: "grpc" }, health);
    expect(correctedPorts(inside, service(grpc(32000), health))).toEqual([
      { ...plain(grpc(32000)), targetPort: "grpc", appProtocol: "grpc" },
      health,
    ]);
  });

  test.each<[string, V1Service | undefined]>([
    ["the host has the same", service(grpc(30000), health)],
    ["the host has no copy yet", undefined],
    ["the host's copy has none yet", service(grpc())],
  ])("stay where %s", (_, copy) => {
    expect(correctedPorts(service(grpc(30000), health), copy)).toBeUndefined();
  });
});

describe("a Service is reached from outside", () => {
  const node = (address: string): V1Node => ({
    status: {
      addresses: [
        { type: "Hostname", address: "node" },
        { type: "InternalIP", address },
      ],
    },
  });
  const nodes = [node("127.7.1.1"), node("127.7.1.2")];
  const balanced = (...ingress: { ip?: string; hostname?: string }[]) => ({
    status: { loadBalancer: { ingress } },
  });

  test("at its node ports on every node", () => {
    expect(reachOf(service(grpc(30000)), nodes)).toEqual(["127.7.1.1:30000", "127.7.1.2:30000"]);
  });

  test("at its load balancer's IP address, or host name", () => {
    const { spec } = service(grpc());
    expect(reachOf({ spec: spec ?? {}, ...balanced({ ip: "127.7.0.2" }) }, nodes)).toEqual([
      "127.7.0.2:9900",
    ]);
    expect(reachOf({ spec: spec ?? {}, ...balanced({ hostname: "lb-2.test" }) }, nodes)).toEqual([
      "lb-2.test:9900",
    ]);
  });

  test("nowhere without either", () => {
    expect(reachOf(service(grpc()), nodes)).toEqual([]);
    expect(reachOf(service(grpc(30000)), [])).toEqual([]);
  });
});
