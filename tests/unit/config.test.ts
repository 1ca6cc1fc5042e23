import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, describe as group, it } from "vitest";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { checkSettings, describe, plainLicense, settingsOf } from "../../config.ts";

const minimal = {
  serviceCidr: "10.96.0.0/12",
  management: "mgmt",
  workloads: [{ name: "east" }],
  timeoutSeconds: 600,
  licenseKey: "key",
};

const messageFor = (settings: Record<string, unknown>) =>
  describe("mesh-lab", checkSettings({ ...minimal, ...settings }).mistakes);

group("settings", () => {
  it("are completed with defaults", () => {
    const { settings, mistakes } = checkSettings({
      ...minimal,
      workloads: [
        { name: "east", bookinfo: {} },
        { name: "west", ingress: { replicas: 2 } },
      ],
    });
    expect(mistakes).toEqual([]);
    expect(settings?.workloads).toEqual([
      {
        name: "east",
        ingress: { replicas: 1 },
        eastWest: { replicas: 1 },
        bookinfo: { reviews: ["v1", "v2", "v3"] },
      },
      { name: "west", ingress: { replicas: 2 }, eastWest: { replicas: 1 } },
    ]);
  });

  it("take each chart from its repository", () => {
    expect(checkSettings(minimal).settings?.charts.istiod).toEqual({
      chart: "istiod",
      version: "1.12.6",
      repositoryOpts: { repo: "https://blob.istio.io/istio-release/charts" },
    });
  });

  it("take every chart from a directory, archives first", () => {
    const directory = mkdtempSync(join(tmpdir(), "charts-"));
    for (const name of ["vcluster", "gloo-mesh-enterprise", "gloo-mesh-agent", "base", "istiod", "gateway"]) {
      mkdirSync(join(directory, name));
    }
    writeFileSync(join(directory, "istiod-1.12.6.tgz"), "");
    const charts = checkSettings({ ...minimal, charts: directory }).settings?.charts;
    expect(charts?.istiod).toEqual({ chart: `${directory}/istiod-1.12.6.tgz`, version: "1.12.6" });
    expect(charts?.istioBase).toEqual({ chart: `${directory}/base`, version: "1.12.6" });
  });
});

group("mistakes", () => {
  const cases: [what: string, settings: Record<string, unknown>, lines: string[]][] = [
    ["an unknown key", { licenceKey: "x" }, ["licenceKey: there is no such setting"]],
    [
      "an unknown key inside",
      { workloads: [{ name: "east", gateway: {} }] },
      ["workloads[0].gateway: there is no such setting"],
    ],
    [
      "no license key",
      { licenseKey: undefined },
      [
        "licenseKey: it is not set. Gloo Mesh needs a license key from solo.io: pulumi config set --secret licenseKey KEY",
      ],
    ],
    [
      "a name with an underscore",
      { management: "dev_mgmt" },
      [
        'management: "dev_mgmt" is no name for a cluster: lower-case letters, digits and "-" only (RFC 1123), no "-" at either end',
      ],
    ],
    [
      "a long name",
      { management: "m".repeat(53) },
      [`management: "${"m".repeat(53)}" is longer than 52 characters`],
    ],
    [
      "a cluster called host",
      { management: "host" },
      ['management: "host" is what the cluster around them is called'],
    ],
    [
      "the same name twice",
      { workloads: [{ name: "east" }, { name: "east" }] },
      ['workloads[1].name: "east" is already the name of workloads[0].name'],
    ],
    [
      "a workload cluster named like the management cluster",
      { workloads: [{ name: "mgmt" }] },
      ['workloads[0].name: "mgmt" is already the name of management'],
    ],
    ["no workload cluster", { workloads: [] }, ["workloads: expected at least one workload cluster"]],
    [
      "too many workload clusters",
      { workloads: Array.from({ length: 21 }, (_, index) => ({ name: `c${index}` })) },
      ["workloads: expected at most 20 workload clusters"],
    ],
    ["no list", { workloads: "east" }, ["workloads: expected a list of workload clusters"]],
    [
      "an unknown version of reviews",
      { workloads: [{ name: "east", bookinfo: { reviews: ["v4"] } }] },
      ["workloads[0].bookinfo.reviews[0]: expected one of v1, v2, v3"],
    ],
    [
      "half a pod",
      { workloads: [{ name: "east", ingress: { replicas: 0.5 } }] },
      ["workloads[0].ingress.replicas: expected a whole number"],
    ],
    [
      "no range",
      { serviceCidr: "10.96.0.0" },
      ['serviceCidr: "10.96.0.0" is no IPv4 range; expected one like 10.96.0.0/12'],
    ],
    ["no time", { timeoutSeconds: 0 }, ["timeoutSeconds: expected 1 or more"]],
    [
      "a directory without the charts",
      { charts: "nowhere" },
      [
        "charts: no chart vcluster 0.10.2: expected nowhere/vcluster-0.10.2.tgz or nowhere/vcluster/",
        "charts: no chart gloo-mesh-enterprise 2.0.9: expected nowhere/gloo-mesh-enterprise-2.0.9.tgz or nowhere/gloo-mesh-enterprise/",
        "charts: no chart gloo-mesh-agent 2.0.9: expected nowhere/gloo-mesh-agent-2.0.9.tgz or nowhere/gloo-mesh-agent/",
        "charts: no chart base 1.12.6: expected nowhere/base-1.12.6.tgz or nowhere/base/",
        "charts: no chart istiod 1.12.6: expected nowhere/istiod-1.12.6.tgz or nowhere/istiod/",
        "charts: no chart gateway 1.12.6: expected nowhere/gateway-1.12.6.tgz or nowhere/gateway/",
      ],
    ],
  ];
  it.each(cases)("%s", (_, settings, lines) => {
    expect(messageFor(settings)).toBe(
      [
        `The configuration of this stack has mistakes (${lines.length}):`,
        ...lines.map((line) => `  mesh-lab:${line}`),
      ].join("\n"),
    );
  });

  it("are told all at once", () => {
    const message = messageFor({ management: "Mgmt", workloads: [{ name: "a" }, { name: "a" }], unknown: 1 });
    expect(message).toContain("mistakes (3)");
  });
});

group("the license key", () => {
  it("must be a secret of the stack", () => {
    pulumi.runtime.setAllConfig({ "mesh-lab:licenseKey": "key" });
    expect(plainLicense("mesh-lab", '["mesh-lab:licenseKey"]')).toEqual([]);
    expect(describe("mesh-lab", plainLicense("mesh-lab", "[]"))).toContain(
      "mesh-lab:licenseKey: it is in plain text: pulumi config set --secret licenseKey KEY",
    );
    pulumi.runtime.setAllConfig({ "mesh-lab:licenseKey": "" });
    expect(plainLicense("mesh-lab", "[]")).toEqual([]);
  });
});

group("keys of the stack", () => {
  it("are those of the project; lists and numbers come as JSON, text as it is", () => {
    expect(
      settingsOf("mesh-lab", {
        "mesh-lab:workloads": '[{"name":"east"}]',
        "mesh-lab:timeoutSeconds": "60",
        "mesh-lab:licenseKey": "1234",
        "kubernetes:context": "other",
      }),
    ).toEqual({ workloads: [{ name: "east" }], timeoutSeconds: 60, licenseKey: "1234" });
  });

  it("that are empty are not set, as by the defaults in Pulumi.yaml", () => {
    expect(settingsOf("mesh-lab", { "mesh-lab:hostContext": "", "mesh-lab:licenseKey": "" })).toEqual({});
    const { config } = parse(readFileSync("Pulumi.yaml", "utf8")) as { config: Record<string, object> };
    // Pulumi itself refuses a stack that leaves out a key without a default, in words of its own.
    const required = Object.keys(config).filter((key) => !("default" in (config[key] ?? {})));
    expect(required).toEqual(["workloads"]);
  });

  it("that are no JSON fail in the words of their check", () => {
    const settings = settingsOf("mesh-lab", { "mesh-lab:timeoutSeconds": "ten" });
    expect(messageFor(settings)).toContain("mesh-lab:timeoutSeconds: expected whole seconds");
  });
});
