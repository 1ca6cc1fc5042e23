import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

type Rehearsal = ReturnType<typeof rehearsalIn>;

/** Where a Service of type LoadBalancer or NodePort is reached. */
async function reached({ cluster }: Rehearsal, context: string, namespace: string, name: string) {
  const { spec, status } = await cluster(context).core.readNamespacedService({ namespace, name });
  return { type: spec?.type, ports: spec?.ports ?? [], ingress: status?.loadBalancer?.ingress };
}

const ingressOf = (rehearsal: Rehearsal, context: string) =>
  reached(rehearsal, context, "istio-gateways", "istio-ingressgateway");

/**
 * What is special about each example, on the kind of host that it is for. The README's walk leads through `kind`, and
 * `four` has the capabilities.
 */
const examples: Readonly<Record<string, (rehearsal: Rehearsal, output: string) => Promise<void>>> = {
  async k3s(rehearsal, output) {
    const inside = await ingressOf(rehearsal, "devcluster1");
    expect(inside).toMatchObject({ type: "NodePort", ingress: undefined });
    const { ports } = await reached(
      rehearsal,
      "host",
      "devcluster1",
      "istio-ingressgateway-x-istio-gateways-x-devcluster1",
    );
    const nodePorts = (list: typeof ports) => list.map(({ nodePort }) => nodePort);
    expect(nodePorts(ports)).toEqual(nodePorts(inside.ports));
    const [, url] =
      new RegExp(`"devcluster1":"(http://127\\.[\\d.]+:${ports[0]?.nodePort ?? ""})/productpage"`).exec(
        output,
      ) ?? [];
    expect(url, output).toBeDefined();
    const { stdout } = await rehearsal.rehearse("lab", "--", "status", "--json");
    const [, devcluster1] = JSON.parse(stdout) as { addresses: object[] }[];
    expect(devcluster1?.addresses).toContainEqual({ service: "istio-ingressgateway", address: url });
    expect((await rehearsal.rehearse("lab", "--", "verify")).output).toContain(`at ${url ?? ""}\n`);
  },

  async eks(rehearsal, output) {
    const { ingress } = await ingressOf(rehearsal, "devcluster1");
    expect(ingress).toEqual([{ hostname: expect.stringMatching(/\.rehearsal\.test$/) as string }]);
    expect(output).toContain(`"devcluster1":"http://${ingress?.[0]?.hostname ?? ""}/productpage"`);
    const { items } = await rehearsal.cluster("host").core.listPodForAllNamespaces();
    const places = items
      .filter(({ metadata }) => metadata?.labels?.["app"] === "vcluster")
      .map(({ spec }) => spec?.nodeName);
    expect(places).toEqual(["node-3", "node-3", "node-3"]);
    expect(output).toContain("devcluster1 has its region and zone from the host");
  },
};

/** Where the programs of a control plane, Helm and others leave something if nobody tells them another place. */
const machine = ["/", "/etc", "/opt", "/run", "/usr/libexec", "/var", "/var/cache", "/var/lib", "/var/log"];
const onMachine = (): string[] =>
  machine.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );

describe.concurrent("the example", () => {
  it.each(Object.entries(examples))("%s comes up, and goes without a trace", async (stack, check) => {
    const folderFor = (what: string) => mkdtempSync(join(tmpdir(), `${stack}-${what}-`));
    const [HOME, TMPDIR] = [folderFor("home"), folderFor("tmp")];
    const rehearsal = rehearsalIn(join(rehearsalDir, stack), { STACK: stack, HOME, TMPDIR });
    const before = onMachine();
    await rehearsal.rehearsed("reset");
    const { output } = await rehearsal.rehearsed("up");
    await check(rehearsal, output);
    expect((await rehearsal.rehearsed("down")).output).toMatch(/^Nothing is left/m);
    expect(onMachine().filter((path) => !before.includes(path))).toEqual([]);
    for (const folder of [HOME, TMPDIR]) {
      expect(readdirSync(folder), folder).toEqual([]);
      rmSync(folder, { recursive: true });
    }
  });
});
