import { describe, expect, test } from "vitest";
import { knowing } from "../../host/network/name-space.ts";
import { hostsFile, nameOf, withAddresses } from "../../host/network/names.ts";
import { paths } from "../../kit/paths.ts";

describe("the names of load balancers", () => {
  test("are in the hosts file behind what the machine has there, for every address that there can be", () => {
    const lines = hostsFile("127.0.0.1 localhost\n10.0.0.1 proxy\n\n", 7).trimEnd().split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "127.0.0.1 localhost",
      "10.0.0.1 proxy",
      `127.7.0.2 ${nameOf("127.7.0.2")}`,
    ]);
    expect(lines.at(-1)).toBe(`127.7.0.254 ${nameOf("127.7.0.254")}`);
    expect(new Set(lines).size).toBe(2 + 253);
  });

  test("lie in a domain that is reserved for tests", () => {
    expect(nameOf("127.7.0.12")).toBe("lb-12.rehearsal.test");
  });

  test("become addresses where they are not known, and nothing else does", () => {
    const kubeconfig = (host: string) => `clusters: [{ cluster: { server: "https://${host}:443" } }]`;
    expect(withAddresses(kubeconfig("lb-12.rehearsal.test"), 7)).toBe(kubeconfig("127.7.0.12"));
    for (const host of ["127.7.0.12", "lb-12.rehearsal-test", "lb-.rehearsal.test", "example.test"]) {
      expect(withAddresses(kubeconfig(host), 7)).toBe(kubeconfig(host));
    }
  });
});

test("Pulumi runs as it is where load balancers have no names", () => {
  expect(knowing("pulumi")).toBe(`${paths.bin}/pulumi`);
});
