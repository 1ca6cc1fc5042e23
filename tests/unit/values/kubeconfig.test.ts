import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { mergeKubeconfigs, vclusterKubeconfig } from "../../../values/kubeconfig.ts";

// As vcluster 0.10.2 writes it.
const written = stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [
    { name: "local", cluster: { server: "https://localhost:8443", "certificate-authority-data": "Q0E=" } },
  ],
  users: [{ name: "user", user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" } }],
  contexts: [{ name: "Default", context: { cluster: "local", user: "user" } }],
  "current-context": "Default",
});

describe("the kubeconfig of a vcluster", () => {
  it("leads to the outside address, still checks for localhost, and is named after the cluster", () => {
    expect(parse(vclusterKubeconfig("east", written, "https://10.0.0.1:443"))).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "east",
          cluster: {
            server: "https://10.0.0.1:443",
            "certificate-authority-data": "Q0E=",
            "tls-server-name": "localhost",
          },
        },
      ],
      users: [{ name: "east", user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" } }],
      contexts: [{ name: "east", context: { cluster: "east", user: "east" } }],
      "current-context": "east",
    });
  });

  it("cannot be made of one without clusters", () => {
    const empty = stringify({ clusters: [], users: [] });
    expect(() => vclusterKubeconfig("east", empty, "https://10.0.0.1:443")).toThrow(
      "the kubeconfig of vcluster east has no cluster or no user",
    );
  });
});

describe("merged kubeconfigs", () => {
  it("have every context, and the first one as the current", () => {
    const configs = ["mgmt", "east"].map((name) => vclusterKubeconfig(name, written, `https://${name}:443`));
    expect(parse(mergeKubeconfigs(configs))).toMatchObject({
      clusters: [{ name: "mgmt" }, { name: "east" }],
      users: [{ name: "mgmt" }, { name: "east" }],
      contexts: [{ name: "mgmt" }, { name: "east" }],
      "current-context": "mgmt",
    });
  });
});
