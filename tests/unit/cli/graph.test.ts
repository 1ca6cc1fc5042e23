import { readFileSync } from "node:fs";
import fc from "fast-check";
import { checkSettings } from "../../../config/check.ts";
import { capabilityNames } from "../../../capabilities/all.ts";
import { describe, expect, it } from "vitest";
import { type Box, layOut, type Layout, type Point } from "../../../cli/graph/layout.ts";
import { type Graph, plannedGraph } from "../../../cli/graph/model.ts";
import { withState } from "../../../cli/graph/state.ts";
import { paints } from "../../../cli/graph/style.ts";
import { pathThrough, svgOf } from "../../../cli/graph/svg.ts";
import { readSettingsFrom } from "../../../cli/stack/lab.ts";
import type { ClusterContents, Looked } from "../../../cli/clusters/look.ts";
import { captionOf } from "../../../cli/commands/graph.ts";
import { labConfig } from "../../support/config.ts";
import { managementContents, settingsOf, workloadContents } from "../support/looked.ts";

const lab = settingsOf("east", "west");

async function drawn(graph: Graph, settings = lab, now?: Date): Promise<string> {
  return svgOf(graph, await layOut(graph), captionOf(graph, settings, now));
}

describe("docs/lab.svg", () => {
  it("is the picture of Pulumi.dev.yaml; make docs writes it", async () => {
    const settings = await readSettingsFrom("Pulumi.dev.yaml");
    const svg = await drawn(plannedGraph(settings), settings);
    expect(readFileSync("docs/lab.svg", "utf8") === svg, "docs/lab.svg is not up to date: make docs").toBe(
      true,
    );
  });

  it("is what the README shows", () => {
    expect(readFileSync("README.md", "utf8")).toMatch(/!\[[^\]]{40,}\]\(docs\/lab\.svg\)/);
  });
});

describe("the graph of a plan", () => {
  const graph = plannedGraph(lab);

  it("says who depends on whom", () => {
    const lines = graph.dependencies.map(({ from, to, traffic }) => `${from} > ${to} ${traffic}`);
    expect(lines.sort()).toEqual(
      [
        "devmgmt/server > devmgmt/redis data",
        "devmgmt/ui > devmgmt/redis data",
        "devmgmt/ui > devmgmt/prometheus data",
        "you > east/ingress requests",
        "east/ingress > east/productpage-v1 requests",
        ...["east", "west"].flatMap((cluster) => [
          `${cluster}/agent > devmgmt/server relay`,
          `${cluster}/ingress > ${cluster}/istiod configuration`,
          `${cluster}/eastWest > ${cluster}/istiod configuration`,
          `${cluster}/eastWest > between east-west`,
          `${cluster}/productpage-v1 > ${cluster}/details-v1 requests`,
          ...["v1", "v2", "v3"].map(
            (version) => `${cluster}/productpage-v1 > ${cluster}/reviews-${version} requests`,
          ),
          ...["v2", "v3"].map((version) => `${cluster}/reviews-${version} > ${cluster}/ratings-v1 requests`),
        ]),
      ].sort(),
    );
  });

  it("has no mesh where clusters are apart", () => {
    const apart = plannedGraph({ ...lab, multiCluster: false });
    expect(apart.dependencies.filter(({ traffic }) => traffic === "east-west")).toEqual([]);
    expect(apart.parts.map(({ id }) => id)).not.toContain("between");
  });

  it("has no visitor where no route leads in", () => {
    const [east, west] = lab.workloads;
    if (east === undefined || west === undefined) throw new Error("no workloads");
    const closed = plannedGraph({ ...lab, workloads: [{ ...east, ingress: false }, west] });
    expect(closed.parts.map(({ id }) => id)).not.toContain("you");
  });
});

const inside = (outer: Box, { x, y, width, height }: Box): boolean =>
  x >= outer.x && y >= outer.y && x + width <= outer.x + outer.width && y + height <= outer.y + outer.height;

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const onBorder = (box: Box, { x, y }: Point): boolean =>
  [box.x, box.x + box.width].some((side) => Math.abs(side - x) < 1) &&
  y >= box.y - 1 &&
  y <= box.y + box.height + 1;

describe("the layout", () => {
  const workloads = fc
    .uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,19}$/), { minLength: 1, maxLength: 6 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({
            name: fc.constant(`w-${name}`),
            bookinfo: fc.option(fc.record({ reviews: fc.subarray(["v1", "v2", "v3"], { minLength: 1 }) }), {
              nil: undefined,
            }),
            ingress: fc.constantFrom(false as const, {}),
            eastWest: fc.constantFrom(false as const, {}),
          }),
        ),
      ),
    );

  const chosenCapabilities = fc.subarray([...capabilityNames].filter((name) => name !== "opa"));
  /** Those of the capabilities that a lab can have, all together. */
  const possibleOnes = (chosen: readonly object[], multiCluster: boolean, names: readonly string[]) =>
    names.reduce<Record<string, true>>((on, name) => {
      const more = { ...on, [name]: true as const };
      const { mistakes } = checkSettings({
        licenseKey: "key",
        workloads: chosen,
        multiCluster,
        capabilities: more,
      });
      return mistakes.length === 0 ? more : on;
    }, {});

  it("of any lab has all in its place, nothing over another, and lines from border to border", async () => {
    await fc.assert(
      fc.asyncProperty(workloads, fc.boolean(), chosenCapabilities, async (chosen, multiCluster, names) => {
        const capabilities = possibleOnes(chosen, multiCluster, names);
        const graph = plannedGraph(labConfig({ workloads: chosen, multiCluster, capabilities }));
        const layout: Layout = await layOut(graph);
        const boxOf = (id: string): Box => {
          const box = layout.boxes.get(id);
          if (box === undefined) throw new Error(`${id} has no place`);
          return box;
        };
        const all = [
          ...graph.groups.map(({ id, parent }) => ({ id, parent })),
          ...graph.parts.map(({ id, group }) => ({ id, parent: group })),
        ];
        expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
        for (const { id, parent } of all)
          if (parent !== undefined) expect(inside(boxOf(parent), boxOf(id)), `${id} in ${parent}`).toBe(true);
        for (const [index, { id, parent }] of all.entries())
          for (const other of all.slice(index + 1))
            if (parent === other.parent)
              expect(overlap(boxOf(id), boxOf(other.id)), `${id} over ${other.id}`).toBe(false);
        for (const [index, { from, to }] of graph.dependencies.entries()) {
          const [first, ...others] = layout.lines[index] ?? [];
          const last = others.at(-1);
          if (first === undefined || last === undefined) throw new Error(`${from} to ${to} has no line`);
          expect(onBorder(boxOf(from), first), `${from} to ${to} begins elsewhere`).toBe(true);
          expect(onBorder(boxOf(to), last), `${from} to ${to} ends elsewhere`).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("keeps clusters and versions in their order", async () => {
    const { boxes } = await layOut(plannedGraph(lab));
    const order = (...ids: readonly string[]) => ids.map((id) => boxes.get(id)?.y ?? 0);
    for (const ids of [
      ["east", "west"],
      ["east/reviews-v1", "east/reviews-v2", "east/reviews-v3"],
    ])
      expect(order(...ids)).toEqual(order(...ids).toSorted((a, b) => a - b));
  });
});

describe("the graph of a lab with capabilities", () => {
  const two = ["east", "west"].map((name) => ({ name, bookinfo: { reviews: ["v1", "v2"] } }));
  const graphWith = (capabilities: object, more: object = {}) =>
    plannedGraph(labConfig({ workloads: two, capabilities, ...more }));
  const linesOf = ({ dependencies }: Graph, id: string) =>
    dependencies.filter(({ from, to }) => from === id || to === id).map(({ from, to }) => `${from} > ${to}`);

  it("has the servers that they need, and who asks them", () => {
    const graph = graphWith({ oidc: true, rateLimiting: true });
    expect(graph.parts).toContainEqual(
      expect.objectContaining({ id: "devmgmt/keycloak", group: "devmgmt", about: "keycloak" }),
    );
    expect(linesOf(graph, "east/ext-auth-service")).toEqual([
      "east/ingress > east/ext-auth-service",
      "east/ext-auth-service > devmgmt/keycloak",
    ]);
    expect(linesOf(graph, "east/rate-limiter")).toEqual(["east/ingress > east/rate-limiter"]);
    expect(graphWith({ waf: true }).parts.map(({ id }) => id)).not.toContain("devmgmt/keycloak");
  });

  it("has their policies on the routes that requests take", () => {
    const graph = graphWith({ oidc: true, waf: true, timeouts: true, faultInjection: true });
    const route = (name: string) => graph.parts.find(({ id }) => id === `east/route-${name}`);
    expect(route("productpage")).toMatchObject({
      detail: "WAF, OIDC authentication",
      group: "east/bookinfo",
    });
    expect(linesOf(graph, "east/route-productpage")).toEqual([
      "east/ingress > east/route-productpage",
      "east/route-productpage > east/productpage-v1",
    ]);
    expect(route("reviews")?.about).toBe("timeouts");
    expect(linesOf(graph, "east/route-ratings")).toEqual([
      "east/reviews-v2 > east/route-ratings",
      "east/route-ratings > east/ratings-v1",
    ]);
    expect(graph.parts.filter(({ id }) => id.startsWith("west/route-"))).toEqual([]);
  });

  it("has those that apply to a service beside it", () => {
    const graph = graphWith({ outlierDetection: true, accessControl: true, serviceIsolation: true });
    expect(graph.parts.find(({ id }) => id === "east/ratings-v1")?.about).toBe(
      "v1, outlier detection, access…",
    );
    expect(graph.groups.find(({ id }) => id === "east/bookinfo")?.about).toBe("with sidecars, isolated");
  });

  it("has the way to other clusters, and none to versions that get no requests", () => {
    const splitting = {
      reviews: [
        { version: "v1", weight: 80 },
        { cluster: "west", weight: 20 },
      ],
    };
    const graph = graphWith({ trafficSplitting: splitting, failover: true });
    expect(linesOf(graph, "east/route-reviews")).toEqual([
      "east/productpage-v1 > east/route-reviews",
      "east/route-reviews > east/reviews-v1",
      "east/route-reviews > between",
    ]);
    expect(linesOf(graph, "between")).toContain("east/ingress > between");
  });

  it("says how many pods a gateway has", () => {
    const [east, west] = two;
    const graph = graphWith({}, { workloads: [{ ...east, ingress: { replicas: 3 } }, west] });
    expect(graph.parts.find(({ id }) => id === "east/ingress")?.about).toBe("istio-gateways, 3 pods");
    expect(graph.parts.find(({ id }) => id === "west/ingress")?.about).toBe("istio-gateways");
  });
});

describe("the graph of a lab that is up", () => {
  const devmgmt: Looked = { name: "devmgmt", paused: false, contents: managementContents(["east", "west"]) };
  const up = (
    name: string,
    change: (contents: ClusterContents) => ClusterContents = (contents) => contents,
  ): Looked => ({
    name,
    paused: false,
    contents: change(workloadContents(name, "192.0.2.1", name === "east")),
  });
  const oneVersion = labConfig({
    workloads: ["east", "west"].map((name) => ({ name, bookinfo: { reviews: ["v1"] } })),
  });
  const stateOf = (...looked: readonly Looked[]) => withState(plannedGraph(oneVersion), looked);
  const broken = ({ dependencies }: Graph) =>
    dependencies.filter(({ state }) => state === "not ready").map(({ from, to }) => `${from} > ${to}`);

  it("is ready where all is", () => {
    const { parts, ...graph } = stateOf(devmgmt, up("east"), up("west"));
    expect(
      new Set(parts.filter(({ deployment }) => deployment !== undefined).map(({ state }) => state)),
    ).toEqual(new Set(["ready"]));
    expect(broken({ parts, ...graph })).toEqual([]);
    expect(parts.find(({ id }) => id === "east/ingress")?.about).toBe("192.0.2.1");
  });

  it("shows a Deployment that is not ready, and the lines to it", () => {
    const graph = stateOf(
      devmgmt,
      up("east", (contents) => ({
        ...contents,
        deployments: contents.deployments.map((deployment) =>
          deployment.metadata?.name === "istiod"
            ? Object.assign(structuredClone(deployment), { status: {} })
            : deployment,
        ),
      })),
      up("west"),
    );
    expect(graph.parts.find(({ id }) => id === "east/istiod")).toMatchObject({
      state: "not ready",
      about: "istio-system: 0 of 1 ready",
      detail: "Deployment istiod has 0 of 1 pods ready.",
    });
    expect(broken(graph)).toEqual(["east/ingress > east/istiod", "east/eastWest > east/istiod"]);
  });

  it("shows a Deployment whose pods are all of an earlier template, as status does", () => {
    const graph = stateOf(
      devmgmt,
      up("east", (contents) => ({
        ...contents,
        deployments: contents.deployments.map((deployment) =>
          deployment.metadata?.name === "istiod"
            ? Object.assign(structuredClone(deployment), {
                status: { replicas: 2, updatedReplicas: 1, readyReplicas: 1 },
              })
            : deployment,
        ),
      })),
      up("west"),
    );
    expect(graph.parts.find(({ id }) => id === "east/istiod")).toMatchObject({ state: "not ready" });
  });

  it("shows a route whose table is not there", () => {
    const planned = plannedGraph(
      labConfig({
        workloads: ["east", "west"].map((name) => ({ name, bookinfo: { reviews: ["v1"] } })),
        capabilities: { waf: true, timeouts: true },
      }),
    );
    const { parts } = withState(planned, [devmgmt, up("east"), up("west")]);
    expect(parts.find(({ id }) => id === "east/route-productpage")).toMatchObject({ state: "ready" });
    expect(parts.find(({ id }) => id === "east/route-reviews")).toMatchObject({
      state: "not ready",
      about: "no RouteTable",
    });
  });

  it("shows a cluster that does not answer, and one that is paused", () => {
    const graph = stateOf(
      devmgmt,
      { name: "east", paused: false, silence: "connect ECONNREFUSED" },
      { name: "west", paused: true },
    );
    expect(graph.groups).toContainEqual(
      expect.objectContaining({
        id: "east",
        state: "unknown",
        about: "does not answer: connect ECONNREFUSED",
      }),
    );
    expect(graph.groups).toContainEqual(expect.objectContaining({ id: "west", state: "paused" }));
    expect(
      graph.parts.filter(({ group }) => group === "east").every(({ state }) => state === "unknown"),
    ).toBe(true);
    expect(graph.parts.filter(({ group }) => group === "west").every(({ state }) => state === "paused")).toBe(
      true,
    );
    expect(broken(graph)).toEqual(["east/agent > devmgmt/server", "west/agent > devmgmt/server"]);
  });

  it("shows an agent that is not registered, and a gateway without a route", () => {
    const unregistered: Looked = { ...devmgmt, contents: managementContents(["east"]) };
    const graph = stateOf(
      unregistered,
      up("east", (contents) => ({ ...contents, routeTables: [] })),
      up("west"),
    );
    expect(broken(graph)).toEqual(["west/agent > devmgmt/server", "east/ingress > east/productpage-v1"]);
  });

  it("says in words what is not as it should be", async () => {
    const graph = stateOf(
      devmgmt,
      { name: "east", paused: false, silence: '<none> & "nothing"' },
      up("west"),
    );
    const svg = await drawn(graph, lab, new Date("2026-06-01T10:00:00Z"));
    expect(svg).toContain("Not ready: none. Without an answer: east.</desc>");
    expect(svg).toContain("as of 2026-06-01 10:00 UTC");
    expect(svg).toContain("does not answer: &lt;none&gt; &amp; &quot;nothing&quot;");
  });
});

describe("the picture", () => {
  it("is well-formed, with a title and a description", async () => {
    const svg = await drawn(plannedGraph(lab));
    const open: string[] = [];
    for (const [, end = "", name = "", rest = ""] of svg.matchAll(/<(\/?)([a-zA-Z]+)([^>]*)>/g)) {
      if (end === "/") expect(open.pop()).toBe(name);
      else if (!rest.endsWith("/")) open.push(name);
    }
    expect(open).toEqual([]);
    expect(svg.replaceAll(/&(amp|lt|gt|quot);/g, "")).not.toContain("&");
    expect(svg).toMatch(
      /^<svg [^>]*role="img" aria-labelledby="title description">\n<title id="title">[^<]+<\/title>\n<desc id="description">[^<]{100,}/,
    );
    expect(svg.length).toBeLessThan(30_000);
  });

  it("is the same each time", async () => {
    expect(await drawn(plannedGraph(lab))).toBe(await drawn(plannedGraph(lab)));
  });

  it.each([
    ["light", 0],
    ["dark", 1],
  ] as const)("has text that can be read on %s ground", (_, index) => {
    const colourOf = (selector: string): string =>
      paints.find(([candidate, property]) => candidate === selector && property === "fill")?.[2][index] ?? "";
    const grounds = [
      ".ground",
      ".host rect",
      ".management rect",
      ".workload rect",
      ".application rect",
      ".part .body",
    ];
    const pairs = [
      ...grounds.flatMap((ground) => ["text", ".about"].map((text) => [text, ground] as const)),
      [".part.not-ready .about", ".part .body"] as const,
      ...[".ready", ".not-ready", ".paused", ".unknown"].map((state) => [".sign", `${state} .mark`] as const),
    ];
    for (const [text, ground] of pairs)
      expect(contrast(colourOf(text), colourOf(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  it("has lines with round bends", () => {
    const bent = pathThrough([
      { x: 0, y: 0 },
      { x: 20, y: 0 },
      { x: 20, y: 40 },
    ]);
    expect(bent).toBe("M0 0L13 0Q20 0 20 7L20 40");
    // A bend takes no more than half of a short line.
    expect(
      pathThrough([
        { x: 0, y: 0 },
        { x: 4, y: 0 },
        { x: 4, y: 40 },
      ]),
    ).toBe("M0 0L2 0Q4 0 4 7L4 40");
  });
});

/** Contrast of two colours as WCAG 2 has it, from 1 to 21. */
function contrast(a: string, b: string): number {
  const light = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, bright = 0] = [light(a), light(b)].toSorted((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}
