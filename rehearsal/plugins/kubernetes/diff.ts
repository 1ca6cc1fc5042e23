/** Differences between inputs, path by path. */
import { isDeepStrictEqual } from "node:util";
import { type Diff, type DiffKind, isObject, type Props } from "../provider.ts";

type Path = readonly (string | number)[];
type Changes = NonNullable<Diff["detailedDiff"]>;

/** A path as the engine writes it: `spec.ports[0].port`, `metadata.labels["istio.io/rev"]`. */
const written = (path: Path): string =>
  path.reduce<string>((before, key) => {
    if (typeof key === "number") return `${before}[${key}]`;
    if (/[."[\]]/.test(key)) return `${before}["${key.replaceAll('"', '\\"')}"]`;
    return before === "" ? key : `${before}.${key}`;
  }, "");

/** Whether the pattern names this path, something above it, or something inside the value found there. */
function covers([head, ...rest]: readonly string[], path: Path, value: unknown): boolean {
  if (head === undefined) return true;
  const [key, ...deeper] = path;
  if (key !== undefined) return (head === "*" || head === key) && covers(rest, deeper, value);
  if (head === "*") return Array.isArray(value) && value.some((v) => covers(rest, [], v));
  return isObject(value) && head in value && covers(rest, [], value[head]);
}

function* leaves(
  path: Path,
  old: unknown,
  now: unknown,
): Generator<{ path: Path; old: unknown; now: unknown }> {
  if (isDeepStrictEqual(old, now)) return;
  if (isObject(old) && isObject(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      yield* leaves([...path, key], old[key], now[key]);
    }
  } else if (Array.isArray(old) && Array.isArray(now)) {
    for (let i = 0; i < Math.max(old.length, now.length); i++) yield* leaves([...path, i], old[i], now[i]);
  } else {
    yield { path, old, now };
  }
}

/** What changed between two sets of inputs; a change under one of the immutable paths is a replacement. */
export function diff(olds: Props, news: Props, immutable: readonly string[]): Diff {
  const patterns = immutable.map((pattern) => pattern.split("."));
  const detailedDiff: Changes = Object.fromEntries(
    [...leaves([], olds, news)].map(({ path, old, now }) => {
      const kind = old === undefined ? "add" : now === undefined ? "delete" : "update";
      const replaces = patterns.some((pattern) => covers(pattern, path, now));
      return [
        written(path),
        { kind: replaces ? (`${kind}-replace` satisfies DiffKind) : kind, inputDiff: true },
      ];
    }),
  );
  const replaces = Object.keys(detailedDiff).filter((path) => detailedDiff[path]?.kind.endsWith("-replace"));
  const diffs = Object.keys(news).concat(Object.keys(olds));
  return {
    changed: Object.keys(detailedDiff).length > 0,
    diffs: [...new Set(diffs)].filter((key) => !isDeepStrictEqual(olds[key], news[key])),
    replaces,
    detailedDiff,
  };
}

/** A quantity such as "500m" or "1Gi" as a number; undefined for anything else. */
function quantity(v: unknown): number | undefined {
  const [, digits, suffix = ""] = /^([0-9.]+)([numkMGTPE]|[KMGTPE]i)?$/.exec(String(v)) ?? [];
  if (digits === undefined) return undefined;
  const scale = suffix.endsWith("i") ? 1024 ** ("KMGTPE".indexOf(suffix.charAt(0)) + 1) : undefined;
  return Number(digits) * (scale ?? 1000 ** ("num kMGTPE".indexOf(suffix || " ") - 3));
}

/** The server drops empty values and writes quantities its own way: that is no difference. */
const isNothing = (v: unknown): boolean =>
  !v || (typeof v === "object" && Object.values(v).every((inner) => inner === undefined));
const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (quantity(a) !== undefined && quantity(a) === quantity(b));

/** What the live object says about the fields given in the inputs, and about nothing else. */
export function project(live: unknown, inputs: unknown): unknown {
  if (isObject(live) && isObject(inputs)) {
    const kept = Object.entries(inputs).flatMap(([key, given]) => {
      if (key in live) return [[key, project(live[key], given)]];
      return isNothing(given) ? [[key, given]] : [];
    });
    return Object.fromEntries(kept) as Props;
  }
  if (Array.isArray(live) && Array.isArray(inputs)) {
    return inputs.slice(0, live.length).map((given, i) => project(live[i], given));
  }
  return isSame(live, inputs) ? inputs : live;
}
