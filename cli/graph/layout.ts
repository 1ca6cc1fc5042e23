import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import type { Graph, Part, Traffic } from "./model.ts";
import { widthOf } from "./text.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where everything of a graph is, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Of groups and parts, by id. */
  readonly boxes: ReadonlyMap<string, Box>;
  /** Bends of each dependency, in its direction and in the order of the graph, with its ends. */
  readonly lines: readonly (readonly Point[])[];
}

const partHeight = 46;
const partPadding = 30;
const minimalWidth = 92;

const options = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.separateConnectedComponents": "false",
  "elk.padding": "[top=12,left=12,bottom=12,right=12]",
  "elk.spacing.nodeNode": "14",
  "elk.spacing.edgeNode": "14",
  "elk.spacing.edgeEdge": "8",
  "elk.layered.spacing.nodeNodeBetweenLayers": "34",
  "elk.layered.spacing.edgeNodeBetweenLayers": "14",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "9",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.crossingMinimization.forceNodeModelOrder": "true",
};

const groupPadding = "[top=38,left=16,bottom=16,right=16]";

/** Lines that are laid out from what is needed to what needs it, so that management is left of what it manages. */
const backwards: ReadonlySet<Traffic> = new Set(["relay", "login", "east-west"]);

/** A line from left to right, as it is laid out; those without a dependency are guides and not drawn. */
interface Way {
  readonly id: string;
  readonly left: string;
  readonly right: string;
}

/** Finds a place for everything; the same for the same graph. */
export async function layOut(graph: Graph): Promise<Layout> {
  const { groups, parts, dependencies } = graph;
  const ways = dependencies.map(({ from, to, traffic }, index): Way => {
    const [left, right] = backwards.has(traffic) ? [to, from] : [from, to];
    return { id: `line-${index}`, left, right };
  });
  const pieces = [...ways, ...guidesOf(graph)].map((way) => ({ way, pieces: piecesOf(way, graph) }));
  const gates = pieces.flatMap((piece) => piece.pieces.flatMap(({ gates: found }) => found));
  const childrenOf = (parent: string | undefined): ElkNode[] => [
    ...groups
      .filter((group) => group.parent === parent)
      .map(({ id }) => ({
        id,
        layoutOptions: { ...options, "elk.padding": groupPadding, "elk.portConstraints": "FIXED_SIDE" },
        ports: gates
          .filter(({ group }) => group === id)
          .map((gate) => ({ id: gate.id, layoutOptions: { "elk.port.side": gate.side } })),
        children: childrenOf(id),
      })),
    ...parts
      .filter(({ group }) => group === parent)
      .map((part) => ({ id: part.id, width: partWidth(part), height: partHeight })),
  ];
  const asked: ElkNode = {
    id: "lab",
    layoutOptions: options,
    children: childrenOf(undefined),
    edges: pieces.flatMap((piece) => piece.pieces.map(({ edge }) => edge)),
  };
  // Large, and of no use to any other verb.
  const { default: elk } = await import("elkjs/lib/elk.bundled.js");
  const root: ElkNode = await new elk.default().layout(asked);
  const points = new Map((root.edges ?? []).map((edge) => [edge.id, pointsOf(edge)]));
  return {
    width: root.width ?? 0,
    height: root.height ?? 0,
    boxes: new Map(
      allNodes(root).map(({ id, x = 0, y = 0, width = 0, height = 0 }) => [id, { x, y, width, height }]),
    ),
    lines: dependencies.map(({ traffic }, index) => {
      const whole = (pieces[index]?.pieces ?? []).flatMap(({ edge }) => points.get(edge.id) ?? []);
      const bends = withoutStraights(whole);
      return backwards.has(traffic) ? bends.toReversed() : bends;
    }),
  };
}

/** With these every workload cluster has its application right of all else, whether or not a route leads there. */
function guidesOf({ groups, parts }: Graph): Way[] {
  return groups
    .filter(({ kind }) => kind === "workload")
    .map(({ id }) => ({ id: `guide-${id}`, left: `${id}/agent`, right: `${id}/productpage-v1` }))
    .filter(({ right }) => parts.some(({ id }) => id === right));
}

/** Where a line goes through the edge of a group. */
interface Gate {
  readonly id: string;
  readonly group: string;
  readonly side: "EAST" | "WEST";
}

/** A line in pieces, from gate to gate: each group is laid out by itself, so that what is in it keeps its order. */
function piecesOf({ id, left, right }: Way, { groups, parts }: Graph) {
  const groupsAround = (part: string): string[] => {
    const around = (group: string | undefined): string[] =>
      group === undefined
        ? []
        : [group, ...around(groups.find((candidate) => candidate.id === group)?.parent)];
    return around(parts.find((candidate) => candidate.id === part)?.group);
  };
  const [leftGroups, rightGroups] = [groupsAround(left), groupsAround(right)];
  const gate = (side: Gate["side"]) => (group: string) => ({ id: `${id} ${group}`, group, side });
  const out = leftGroups.filter((group) => !rightGroups.includes(group)).map(gate("EAST"));
  const into = rightGroups.filter((group) => !leftGroups.includes(group)).map(gate("WEST"));
  const stops = [{ id: left }, ...out, ...into.toReversed(), { id: right }];
  return stops.slice(1).map((stop, index) => ({
    edge: { id: `${id}-${index}`, sources: [stops[index]?.id ?? ""], targets: [stop.id] },
    gates: "side" in stop ? [stop] : [],
  }));
}

/** Points of a line that goes on in the same direction at some of them. */
function withoutStraights(points: readonly Point[]): Point[] {
  const isSame = (a: number, b: number): boolean => Math.abs(a - b) < 0.5;
  return points.filter((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (before === undefined || after === undefined) return true;
    return !(
      (isSame(before.x, point.x) && isSame(point.x, after.x)) ||
      (isSame(before.y, point.y) && isSame(point.y, after.y))
    );
  });
}

/** As wide as the text needs it. */
const partWidth = ({ name, about }: Part): number =>
  Math.max(minimalWidth, partPadding + Math.ceil(Math.max(widthOf(name, 13), widthOf(about, 11))));

const allNodes = (node: ElkNode): ElkNode[] =>
  (node.children ?? []).flatMap((child) => [child, ...allNodes(child)]);

const pointsOf = ({ sections = [] }: ElkExtendedEdge): Point[] =>
  sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
