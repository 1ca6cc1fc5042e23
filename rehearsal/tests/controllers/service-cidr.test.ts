import type { V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { cidrContains, cidrInRefusal, givenServiceCidr } from "../../controllers/vcluster/service-cidr.ts";

const vclusterPod = (line: string): V1Pod => ({
  spec: {
    containers: [
      { name: "vcluster", command: ["/bin/sh"], args: ["-c", line] },
      { name: "syncer", args: ["--name=devmgmt"] },
    ],
  },
});

test.each([
  ["/bin/k3s server --service-cidr=10.96.0.0/16 --kubelet-arg=x && true", "10.96.0.0/16"],
  ["/bin/k3s server --service-cidr 10.43.0.0/16", "10.43.0.0/16"],
  ["/bin/k3s server --service-cidr=$(SERVICE_CIDR) && true", undefined],
  ["/bin/k3s server", undefined],
])("%s", (line, expected) => {
  expect(givenServiceCidr(vclusterPod(line))).toBe(expected);
});

test.each([
  ["10.96.0.0/16", "10.96.255.255", true],
  ["10.96.0.0/16", "10.97.0.0", false],
  ["10.96.0.0/12", "10.111.4.4", true],
  ["10.43.0.0/16", "10.96.0.10", false],
  ["10.96.0.0/0", "192.168.0.1", true],
  ["10.96.0.0/33", "10.96.0.1", false],
  ["10.96.0.0/", "10.96.0.1", false],
  ["10.96.0.0", "10.96.0.0", false],
  ["nonsense", "10.96.0.1", false],
  ["10.96.0.0/16", "None", false],
])("%s contains %s: %s", (cidr, address, expected) => {
  expect(cidrContains(cidr, address)).toBe(expected);
});

test("only older API servers name the range when they refuse an address", () => {
  const old =
    'Service "test-service-x" is invalid: spec.clusterIPs: Invalid value: ["4.4.4.4"]: failed to allocate IP 4.4.4.4: ' +
    "the provided IP (4.4.4.4) is not in the valid range. The range of valid IPs is 10.43.0.0/16";
  expect(cidrInRefusal(old)).toBe("10.43.0.0/16");
  expect(cidrInRefusal("the provided network does not match the current range")).toBeUndefined();
});
