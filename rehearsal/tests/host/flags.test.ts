import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { runsAfter } from "../../controllers/kit/pod-timing.ts";
import {
  type ApiServerFacts,
  apiServerFlags,
  controllerManagerFlags,
  egressConfiguration,
} from "../../host/cluster/control-plane-flags.ts";
import { prefixRange } from "../../host/base/etcd.ts";
import { toArguments } from "../../host/base/flags.ts";
import { kwokConfiguration } from "../../host/cluster/stages.ts";

const identity = (name: string) => ({
  cert: "CERT",
  key: "KEY",
  certFile: `/pki/${name}.crt`,
  keyFile: `/pki/${name}.key`,
});
const facts: ApiServerFacts = {
  role: "virtual",
  port: 21000,
  etcd: { endpoint: "https://127.0.0.1:22000", caFile: "/pki/etcd-ca.crt", client: identity("client") },
  etcdPrefix: "/vcluster/1",
  serviceCidr: "10.96.0.0/16",
  server: identity("server"),
  clientCaFile: "/pki/ca.crt",
  signingKeyFile: "/pki/sa.key",
};

describe("the API server's flags", () => {
  test("keep every secret off the command line and every port on loopback", () => {
    const args = toArguments(apiServerFlags({ ...facts, egressFile: "/run/egress.json" }));
    expect(args).toEqual(
      expect.arrayContaining([
        "--bind-address=127.0.0.1",
        "--secure-port=21000",
        "--anonymous-auth=false",
        "--etcd-servers=https://127.0.0.1:22000",
        "--etcd-certfile=/pki/client.crt",
        "--etcd-prefix=/vcluster/1",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
        "--egress-selector-config-file=/run/egress.json",
      ]),
    );
    expect(args.join(" ")).not.toMatch(/CERT|KEY|0\.0\.0\.0/);
  });

  test("differ between host and vcluster in the taint that only nodes get", () => {
    const [host, virtual] = (["host", "virtual"] as const).map((role) => apiServerFlags({ ...facts, role }));
    const { "disable-admission-plugins": disabled, ...rest } = host ?? {};
    expect(disabled).toBe("TaintNodesByCondition");
    expect(rest).toEqual(virtual);
  });

  test("lead to a proxy by a socket, and only for what is in the cluster", () => {
    expect(egressConfiguration("/run/devmgmt.sock")).toMatchObject({
      egressSelections: [
        {
          name: "cluster",
          connection: { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: "/run/devmgmt.sock" } } },
        },
      ],
    });
  });
});

describe("the controller manager's flags", () => {
  const files = { kubeconfig: "/k", caFile: "/ca", signingKeyFile: "/sa", volumePluginDir: "/run/volumes" };
  const controllers = (role: "host" | "virtual"): string[] => {
    return (
      toArguments(controllerManagerFlags({ role, ...files }))
        .find((flag) => flag.startsWith("--controllers="))
        ?.split("=")[1]
        ?.split(",") ?? []
    );
  };

  test("leave volumes to the host", () => {
    const [host, virtual] = [controllers("host"), controllers("virtual")];
    expect(host[0]).toBe("*");
    expect(virtual.filter((name) => !host.includes(name))).toEqual([
      "-persistentvolume-binder-controller",
      "-persistentvolume-protection-controller",
      "-persistentvolumeclaim-protection-controller",
      "-ephemeral-volume-controller",
    ]);
  });

  test.each(["host", "virtual"] as const)("leave nothing in /usr on behalf of a %s cluster", (role) => {
    expect(toArguments(controllerManagerFlags({ role, ...files }))).toContain(
      "--flex-volume-plugin-dir=/run/volumes",
    );
  });

  test.each(["host", "virtual"] as const)("have nobody watch over the nodes of a %s cluster", (role) => {
    expect(controllers(role)).toEqual(
      expect.arrayContaining(["-node-lifecycle-controller", "-taint-eviction-controller"]),
    );
  });
});

describe("an etcd prefix", () => {
  const text = (base64: string): string => Buffer.from(base64, "base64").toString();

  test("covers what is below it and not its longer namesakes", () => {
    const { key, range_end } = prefixRange("/vcluster/dev");
    const covers = (path: string): boolean => text(key) <= path && path < text(range_end);
    expect(["/vcluster/dev/pods/a", "/vcluster/dev/\u007f"].map(covers)).toEqual([true, true]);
    expect(["/vcluster/dev", "/vcluster/dev2/pods/a", "/vcluster/de/x"].map(covers)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test.each(["", "/", "vcluster", "/vcluster/", "//x"])("of %j would delete too much", (prefix) => {
    expect(() => prefixRange(prefix)).toThrow('An etcd prefix must look like "/clusters/name"');
  });
});

describe("KWOK's configuration", () => {
  interface Stage {
    metadata: { name: string };
    spec: {
      resourceRef: { kind: string };
      selector: { matchExpressions: { jq: { key: string; values: string[] } }[] };
      delay?: { durationFrom: { jq: { expression: string } } };
      steps: { patch?: { template: string } }[];
    };
  }
  const stages = (podsTakeTime: boolean): Stage[] =>
    parseAllDocuments(kwokConfiguration(podsTakeTime)).map((document) => document.toJS() as Stage);

  test("has a stage for everything that a pod may have to become", () => {
    const pods = stages(false).filter(({ spec }) => spec.resourceRef.kind === "Pod");
    const names = pods.map(({ metadata }) => metadata.name);
    const key = pods[0]?.spec.selector.matchExpressions[0]?.jq.key ?? "";
    const wanted = key.slice(0, key.indexOf("as $wanted"));
    const results = [...wanted.matchAll(/(?:then|else)\s+"(\w+)/g)].map(([, name]) => name);
    expect(new Set(results)).toEqual(new Set(names));
    for (const { metadata, spec } of pods) {
      expect(spec.selector.matchExpressions).toEqual([
        { jq: { key, operator: "In", values: [metadata.name] } },
      ]);
    }
  });

  test("makes what containers do take time, where anything does", () => {
    const slow = (podsTakeTime: boolean) =>
      stages(podsTakeTime).filter(({ spec }) => spec.delay !== undefined);
    expect(slow(false)).toEqual([]);
    expect(slow(true).map(({ metadata }) => metadata.name)).toEqual(["ready", "crashing", "completed"]);
    for (const { spec } of slow(true)) {
      expect(spec.delay?.durationFrom.jq.expression).toContain(`"${runsAfter}"`);
      expect(spec.selector.matchExpressions[0]?.jq.key).toContain(`"${runsAfter}"`);
    }
  });

  test("gives every template the variables it uses", () => {
    for (const { spec } of stages(false)) {
      for (const { patch } of spec.steps) {
        const used = new Set(patch?.template.match(/\$[a-zA-Z]+(?=[\s})])/g));
        for (const name of used) expect(patch?.template).toMatch(new RegExp(`{{-? \\${name} := `));
      }
    }
  });
});
