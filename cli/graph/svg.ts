import type { Layout, Point } from "./layout.ts";
import type { Dependency, Graph, Group, Part, State, Traffic } from "./model.ts";
import { stylesheet } from "./style.ts";
import { widthOf } from "./text.ts";

/** What a picture is called, and what it says to who does not see it. */
export interface Caption {
  readonly title: string;
  readonly subtitle: string;
  readonly description: string;
}

const headHeight = 52;
const legendHeight = 40;
const margin = 16;

/** A graph as a picture that is readable on light and on dark ground. */
export function svgOf(graph: Graph, layout: Layout, caption: Caption): string {
  const entries = legendOf(graph);
  const width = Math.ceil(Math.max(layout.width, legendWidth(entries)) + 2 * margin);
  const height = Math.ceil(layout.height + headHeight + legendHeight + margin);
  const groups = graph.groups.map((group) => groupShape(group, layout));
  const lines = graph.dependencies.map((dependency, index) => line(dependency, layout.lines[index] ?? []));
  const parts = graph.parts.map((part) => partShape(part, layout));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(caption.title)}</title>`,
    `<desc id="description">${escaped(caption.description)}</desc>`,
    `<style>${stylesheet}</style>`,
    `<defs>${traffics.map(arrow).join("")}</defs>`,
    `<rect class="ground" width="${width}" height="${height}" rx="12"/>`,
    `<text class="title" x="${margin + 12}" y="30">${escaped(caption.title)}</text>`,
    `<text class="about" x="${margin + 12}" y="48">${escaped(caption.subtitle)}</text>`,
    `<g transform="translate(${margin} ${headHeight})">`,
    ...groups,
    ...lines,
    ...parts,
    `</g>`,
    legend(entries, layout.height + headHeight + 22),
    `</svg>`,
    ``,
  ].join("\n");
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const number = (value: number): string => String(Math.round(value * 10) / 10);
const classOf = (state: State): string => state.replace(" ", "-");
const tooltip = (text: string): string => `<title>${escaped(text)}</title>`;

function groupShape({ id, name, about, kind, state }: Group, { boxes }: Layout): string {
  const box = boxes.get(id);
  if (box === undefined) return "";
  const [x, y, width, height] = [box.x, box.y, box.width, box.height].map(number);
  return [
    `<g class="group ${kind} ${classOf(state)}">`,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>`,
    `<text class="name" x="${number(box.x + 16)}" y="${number(box.y + 24)}">${escaped(name)}<tspan class="about" dx="8">${escaped(about)}</tspan></text>`,
    `</g>`,
  ].join("");
}

const marks: Readonly<Partial<Record<State, string>>> = {
  ready: "✓",
  "not ready": "!",
  paused: "‖",
  unknown: "?",
};

function partShape(
  { id, name, about, family, state, detail, deployment, routeTable }: Part,
  { boxes }: Layout,
): string {
  const box = boxes.get(id);
  if (box === undefined) return "";
  const [x, y, width, height] = [box.x, box.y, box.width, box.height].map(number);
  const object = deployment ?? routeTable;
  const where = object === undefined ? name : `${object.namespace}/${object.name} in ${object.cluster}`;
  const mark = marks[state];
  return [
    `<g class="part ${family} ${classOf(state)}">`,
    tooltip([where, state === "planned" ? "" : state, detail ?? ""].filter((text) => text !== "").join(": ")),
    `<rect class="body" x="${x}" y="${y}" width="${width}" height="${height}" rx="7"/>`,
    `<rect class="bar" x="${number(box.x + 5)}" y="${number(box.y + 9)}" width="3" height="${number(box.height - 18)}" rx="1.5"/>`,
    `<text class="name" x="${number(box.x + 15)}" y="${number(box.y + 20)}">${escaped(name)}</text>`,
    `<text class="about" x="${number(box.x + 15)}" y="${number(box.y + 36)}">${escaped(about)}</text>`,
    mark === undefined
      ? ""
      : `<circle class="mark" cx="${number(box.x + box.width - 2)}" cy="${number(box.y + 2)}" r="8"/><text class="sign" x="${number(box.x + box.width - 2)}" y="${number(box.y + 6)}">${mark}</text>`,
    `</g>`,
  ].join("");
}

function line({ from, to, traffic, state }: Dependency, points: readonly Point[]): string {
  return `<g class="line ${traffic} ${classOf(state)}">${tooltip(`${from} → ${to}: ${traffic}`)}<path d="${pathThrough(points)}" marker-end="url(#${traffic})"/></g>`;
}

const bendRadius = 7;

/** A path through points, with round bends. */
export function pathThrough(points: readonly Point[]): string {
  const [first, ...others] = points;
  if (first === undefined) return "";
  const steps = others.map((point, index) => {
    const [before, after] = [points[index], points[index + 2]];
    if (before === undefined || after === undefined) return `L${number(point.x)} ${number(point.y)}`;
    const [into, out] = [towards(point, before), towards(point, after)];
    return `L${into}Q${number(point.x)} ${number(point.y)} ${out}`;
  });
  return `M${number(first.x)} ${number(first.y)}${steps.join("")}`;
}

/** The place near a point, on the way to another one. */
function towards(from: Point, to: Point): string {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  const part = Math.min(bendRadius, distance / 2) / (distance === 0 ? 1 : distance);
  return `${number(from.x + (to.x - from.x) * part)} ${number(from.y + (to.y - from.y) * part)}`;
}

const meanings: Readonly<Record<Traffic, string>> = {
  requests: "requests",
  checks: "checks of requests",
  login: "login",
  relay: "relay, gRPC",
  configuration: "configuration",
  data: "data",
  "east-west": "east-west, mTLS",
};
const traffics = Object.keys(meanings) as Traffic[];

const arrow = (traffic: Traffic): string =>
  `<marker id="${traffic}" class="tip ${traffic}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .5L8 4L0 7.5z"/></marker>`;

/** An entry of the legend: a kind of line, or a state. */
type Entry = { readonly traffic: Traffic } | { readonly state: State };

/** What the picture has that needs a word. */
function legendOf({ parts, groups, dependencies }: Graph): Entry[] {
  const states = new Set([...parts, ...groups, ...dependencies].map(({ state }) => state));
  return [
    ...traffics
      .filter((traffic) => dependencies.some((dependency) => dependency.traffic === traffic))
      .map((traffic) => ({ traffic })),
    ...(["ready", "not ready", "paused", "unknown"] as const)
      .filter((state) => states.has(state))
      .map((state) => ({ state })),
  ];
}

const wordOf = (entry: Entry): string => {
  if ("traffic" in entry) return meanings[entry.traffic];
  return entry.state === "unknown" ? "no answer" : entry.state;
};
const signWidth = (entry: Entry): number => ("traffic" in entry ? 34 : 24);
const entryWidth = (entry: Entry): number => signWidth(entry) + widthOf(wordOf(entry), 11.5) + 22;
const legendWidth = (entries: readonly Entry[]): number =>
  entries.reduce((sum, entry) => sum + entryWidth(entry), 2 * margin);

function legend(entries: readonly Entry[], y: number): string {
  let x = margin + 12;
  const shapes = entries.map((entry) => {
    const at = x;
    x += entryWidth(entry);
    const sign =
      "traffic" in entry
        ? `<g class="line ${entry.traffic} planned"><path d="M${number(at)} ${number(y)}h26" marker-end="url(#${entry.traffic})"/></g>`
        : `<g class="part ${classOf(entry.state)}"><circle class="mark" cx="${number(at + 8)}" cy="${number(y)}" r="8"/><text class="sign" x="${number(at + 8)}" y="${number(y + 4)}">${marks[entry.state] ?? ""}</text></g>`;
    return `${sign}<text class="about" x="${number(at + signWidth(entry))}" y="${number(y + 4)}">${wordOf(entry)}</text>`;
  });
  return `<g class="legend">${shapes.join("")}</g>`;
}
