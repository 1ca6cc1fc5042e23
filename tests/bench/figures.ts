import type { Chain } from "./critical-path.ts";
import type { Usage } from "./usage.ts";

/** The one in the middle; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

export const delays = ["none", "realistic"] as const;
export type Delay = (typeof delays)[number];

/** How many workload clusters the labs have that are compared. */
export const sizes = [1, 2, 4, 8] as const;
export type Size = (typeof sizes)[number];

/** That of the lab that `make rehearse` builds; of this one everything is measured from its first preview on. */
export const ordinary = 2 satisfies Size;

/** Everything that a round measures. */
type Measure =
  | `${"article" | "up" | "path"} ${Delay}`
  | `${"preview" | "no-op"}${"" | " begun" | " empty"}`
  | "first API server"
  | "all API servers"
  | "destroy"
  | `${"up" | "memory"} ${Size}`;

/** What was measured in a round, or in a part of one: seconds, and for memory MiB. */
export type Figures = Readonly<Partial<Record<Measure, number>>>;

/** What a round, or a part of one, found. */
export interface Found {
  readonly figures: Figures;
  /** The longest chain of each `up` that was compared with the article's commands. */
  readonly paths?: Readonly<Partial<Record<Delay, Chain>>>;
  /** Time of the processors by program, in seconds, from the start of a host on. */
  readonly times?: Readonly<Partial<Record<Size, Usage["time"]>>>;
}

type Unit = "s" | "GiB" | "";

interface Row {
  readonly what: string;
  readonly unit: Unit;
  /** What a round says, NaN if nothing; ratios are of one round, so that a busy minute hits both sides. */
  readonly of: (round: Figures) => number;
  /** What the median must not exceed. */
  readonly target?: number;
}

const time = (what: string, measure: Measure): Row => ({
  what,
  unit: "s",
  of: (round) => round[measure] ?? NaN,
});
const ratio = (what: string, above: Measure, below: Measure, target: number): Row => ({
  what,
  unit: "",
  of: (round) => (round[above] ?? NaN) / (round[below] ?? NaN),
  target,
});

const pods: Readonly<Record<Delay, string>> = {
  none: "pods ready at once",
  realistic: "pods take their time",
};
const againstArticle: Readonly<Record<Delay, number>> = { none: 0.55, realistic: 0.33 };

const rows: readonly Row[] = [
  ...delays.flatMap((delay) => [
    time(`the article's commands, ${pods[delay]}`, `article ${delay}`),
    time(`\`up\`, ${pods[delay]}`, `up ${delay}`),
    ratio(
      `\`up\` / the article's commands, ${pods[delay]}`,
      `up ${delay}`,
      `article ${delay}`,
      againstArticle[delay],
    ),
    time(`critical path of \`up\`, ${pods[delay]}`, `path ${delay}`),
    ratio(`\`up\` / its critical path, ${pods[delay]}`, `up ${delay}`, `path ${delay}`, 1.25),
  ]),
  time("first preview", "preview"),
  time("first preview, until the program registers resources", "preview begun"),
  time("preview of an empty program", "preview empty"),
  ratio("first preview / that of an empty program", "preview", "preview empty", 2.5),
  time("`up` without a change", "no-op"),
  time("`up` without a change, until the program registers resources", "no-op begun"),
  time("`up` of an empty program without a change", "no-op empty"),
  ratio("`up` without a change / that of an empty program", "no-op", "no-op empty", 3.5),
  time("start of the host until its API server is ready", "first API server"),
  { ...time("start of host and lab until all four API servers are ready", "all API servers"), target: 8 },
  time("`destroy`", "destroy"),
  ...sizes.map((size) =>
    time(`\`up\` of ${size} workload ${size === 1 ? "cluster" : "clusters"}`, `up ${size}`),
  ),
  ratio("`up` of 8 workload clusters / of 2", "up 8", "up 2", 2.5),
  {
    what: "peak memory of the whole rehearsal",
    unit: "GiB",
    of: (round) => (round[`memory ${ordinary}`] ?? NaN) / 1024,
    target: 3,
  },
  {
    what: "the same with 8 workload clusters",
    unit: "GiB",
    of: (round) => (round["memory 8"] ?? NaN) / 1024,
  },
];

/** A row of the table: what all rounds say together. */
export interface Result {
  readonly what: string;
  readonly unit: Unit;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly target?: number;
}

/** Every row that any round says something of. */
export const resultsOf = (rounds: readonly Figures[]): readonly Result[] =>
  rows.flatMap(({ of, ...row }) => {
    const values = rounds.map(of).filter((value) => !Number.isNaN(value));
    return values.length === 0
      ? []
      : [{ ...row, median: median(values), least: Math.min(...values), most: Math.max(...values) }];
  });

/** Whether a row keeps its target; undefined if it has none. */
export const isMet = ({ median: value, target }: Result): boolean | undefined =>
  target === undefined ? undefined : value <= target;
