/** A colour on light ground, and the same on dark ground. */
type Colour = readonly [light: string, dark: string];

/** What is painted how: selector, property, colour. */
export const paints: readonly (readonly [selector: string, property: "fill" | "stroke", colour: Colour])[] = [
  [".ground", "fill", ["#ffffff", "#0d1117"]],
  [".ground", "stroke", ["#d8dee6", "#30363d"]],
  ["text", "fill", ["#1c2430", "#e6edf3"]],
  [".about", "fill", ["#5b6675", "#9aa5b1"]],
  [".group rect", "stroke", ["#c3ccd6", "#3d4651"]],
  [".host rect", "fill", ["#f6f8fa", "#11161d"]],
  [".management rect", "fill", ["#f3effc", "#1b1730"]],
  [".management rect", "stroke", ["#bba7ea", "#5a4a94"]],
  [".workload rect", "fill", ["#eaf2fc", "#0f1d31"]],
  [".workload rect", "stroke", ["#9dbfe8", "#2f527f"]],
  [".application rect", "fill", ["#e9f6f1", "#0d231d"]],
  [".application rect", "stroke", ["#96cfba", "#2a6350"]],
  [".part .body", "fill", ["#ffffff", "#161b22"]],
  [".part .body", "stroke", ["#c3ccd6", "#3d4651"]],
  [".gloo .bar", "fill", ["#7c56d4", "#a48bee"]],
  [".istio .bar", "fill", ["#2f6fc4", "#6aa5f0"]],
  [".bookinfo .bar", "fill", ["#1c8a68", "#4cc29c"]],
  [".login .bar", "fill", ["#b35900", "#e0913a"]],
  [".visitor .bar", "fill", ["#6b7683", "#9aa5b1"]],
  [".line path", "stroke", ["#5b6675", "#9aa5b1"]],
  [".tip", "fill", ["#5b6675", "#9aa5b1"]],
  [".requests path", "stroke", ["#1c8a68", "#4cc29c"]],
  [".tip.requests", "fill", ["#1c8a68", "#4cc29c"]],
  [".checks path,.login path", "stroke", ["#b35900", "#e0913a"]],
  [".tip.checks,.tip.login", "fill", ["#b35900", "#e0913a"]],
  [".relay path", "stroke", ["#7c56d4", "#a48bee"]],
  [".tip.relay", "fill", ["#7c56d4", "#a48bee"]],
  [".east-west path", "stroke", ["#2f6fc4", "#6aa5f0"]],
  [".tip.east-west", "fill", ["#2f6fc4", "#6aa5f0"]],
  [".ready .mark", "fill", ["#1a7f37", "#3fb950"]],
  [".not-ready .mark", "fill", ["#cf222e", "#f85149"]],
  [".paused .mark", "fill", ["#9a6700", "#d29922"]],
  [".unknown .mark", "fill", ["#6b7683", "#8b949e"]],
  [".sign", "fill", ["#ffffff", "#0d1117"]],
  [".part.not-ready .body", "stroke", ["#cf222e", "#f85149"]],
  [".part.not-ready .about", "fill", ["#cf222e", "#ff7b72"]],
  [".line.not-ready path", "stroke", ["#cf222e", "#f85149"]],
  [".group.not-ready rect", "stroke", ["#cf222e", "#f85149"]],
];

/** What is the same on any ground. */
const shapes = [
  "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:13px}",
  ".title{font-size:18px;font-weight:600}",
  ".about{font-size:11.5px;font-weight:400}",
  ".name{font-weight:600}",
  ".sign{font-size:11px;font-weight:700;text-anchor:middle}",
  ".line path{fill:none;stroke-width:1.5}",
  ".relay path{stroke-dasharray:6 4}",
  ".checks path,.login path{stroke-dasharray:3 3}",
  ".configuration path{stroke-dasharray:1.5 3.5;stroke-linecap:round}",
  ".east-west path{stroke-width:2.2}",
  ".tip path{stroke:none}",
  ".unknown .body,.group.unknown rect,.paused .body,.group.paused rect,.line.not-ready path{stroke-dasharray:4 4}",
  ".unknown .name,.paused .name{opacity:.65}",
];

const painted = (ground: 0 | 1): string =>
  paints.map(([selector, property, colour]) => `${selector}{${property}:${colour[ground]}}`).join("");

/** The style of a picture; what looks at it says which ground it is on. */
export const stylesheet = `${shapes.join("")}${painted(0)}@media(prefers-color-scheme:dark){${painted(1)}}`;
