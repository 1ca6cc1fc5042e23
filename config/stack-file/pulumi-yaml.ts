/** YAML as Pulumi reads it: by the rules of Go's yaml.v3, which are neither those of YAML 1.1 nor of 1.2. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Scalar,
  stringify,
  type YAMLMap,
} from "yaml";

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, Number.NaN] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    (word) => [word, Number.POSITIVE_INFINITY] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

/** Whole numbers by their form, each with its base; a leading zero alone means base 8. */
const integers: readonly (readonly [form: RegExp, prefix: string])[] = [
  [/^[-+]?(0|[1-9]\d*)$/, ""],
  [/^[-+]?0[xX][\da-fA-F]+$/, "0x"],
  [/^[-+]?0[bB][01]+$/, "0b"],
  [/^[-+]?0[oO]?[0-7]+$/, "0o"],
];
const float = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const largest = 2n ** 64n - 1n;
const smallest = -(2n ** 63n);

/** What text without quotes means. */
function meaningOf(text: string): unknown {
  if (words.has(text)) return words.get(text);
  if (!/^[-+.\d]/.test(text)) return text;
  const time = timeIn(text);
  if (time !== undefined) return time;
  const plain = text.startsWith(".") ? text : text.replaceAll("_", "");
  const whole = integers.find(([form]) => form.test(plain));
  if (whole !== undefined) {
    const digits = plain.replace(/^[-+]/, "").replace(/^0[xXbBoO]|^0(?=\d)/, "");
    const size = BigInt(`${whole[1]}${digits}`);
    const number = plain.startsWith("-") ? -size : size;
    if (number >= smallest && number <= largest) return fitting(number);
  }
  // What is beyond all numbers stays text.
  return float.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : text;
}

/** A whole number as usual, where none of its digits are lost by that. */
const fitting = (number: bigint): number | bigint =>
  Number.isSafeInteger(Number(number)) ? Number(number) : number;

const timeForm =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?(Z|[-+]\d\d:\d\d))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?))?$/;

/** A point in time as Go prints it, which is what Pulumi makes of one. */
function timeIn(text: string): string | undefined {
  const found = timeForm.exec(text);
  if (found === null) return undefined;
  const [, year = "", month = "", day = "", ...rest] = found;
  const [hour, minute, second, fraction = "", zone = "Z"] = rest[0] === undefined ? rest.slice(5) : rest;
  const two = (part = "0"): string => part.padStart(2, "0");
  const date = `${year}-${two(month)}-${two(day)}`;
  const time = `${two(hour)}:${two(minute)}:${two(second)}`;
  const moment = new Date(`${date}T${time}Z`);
  // What rolls over, as 31 February does, is no date.
  if (Number.isNaN(moment.getTime()) || moment.toISOString().slice(0, 19) !== `${date}T${time}`)
    return undefined;
  const offset = /^(Z|[-+]00:00)$/.test(zone)
    ? "+0000 UTC"
    : `${zone.replace(":", "")} ${zone.replace(":", "")}`;
  return `${date} ${time}${fraction.replace(/\.?0+$/, "")} ${offset}`;
}

const tagPrefix = "tag:yaml.org,2002:";
const resolvable = new Set(
  ["bool", "float", "int", "null", "timestamp"].map((name) => `${tagPrefix}${name}`),
);

function valueOfScalar({ type, tag, value }: Scalar): unknown {
  const text = String(value);
  if (tag === `${tagPrefix}binary`) return Buffer.from(text, "base64").toString();
  const isMeant = tag === undefined ? type === "PLAIN" : resolvable.has(tag);
  return isMeant ? meaningOf(text) : text;
}

const isMerge = (key: unknown): boolean =>
  isScalar(key) && key.type === "PLAIN" && key.source === "<<" && key.tag === undefined;

/** Aliases that contain themselves would go on for ever. */
const deepest = 500;

function valueOf(document: Document, node: unknown, depth = 0): unknown {
  if (depth > deepest) throw new Error("it is nested too deeply");
  const inside = (child: unknown): unknown => valueOf(document, child, depth + 1);
  if (isAlias(node)) {
    const target = node.resolve(document);
    if (target === undefined) throw new Error(`there is no anchor ${node.source}`);
    return inside(target);
  }
  if (isScalar(node)) return valueOfScalar(node);
  if (isSeq(node)) return node.items.map(inside);
  if (isMap(node)) return Object.fromEntries(entriesOf(node, inside));
  return null;
}

/** Entries of a mapping; its own come before those that are merged into it, and earlier of these before later ones. */
function entriesOf({ items }: YAMLMap, inside: (node: unknown) => unknown): [key: string, value: unknown][] {
  const merged = items
    .filter(({ key }) => isMerge(key))
    .flatMap(({ value }) => (isSeq(value) ? value.items : [value]))
    .map(inside)
    .reverse();
  for (const from of merged)
    if (typeof from !== "object" || from === null || Array.isArray(from))
      throw new Error("<< wants a mapping, or a list of these");
  return [
    ...merged.flatMap((from) => Object.entries(from as Record<string, unknown>)),
    ...items
      .filter(({ key }) => !isMerge(key))
      .map(({ key, value }): [string, unknown] => [keyText(inside(key)), inside(value)]),
  ];
}

/** Keys are text, whatever they look like. */
const keyText = (key: unknown): string => (key === null ? "<nil>" : configText(key));

/**
 * Reads the first document of a text.
 *
 * @throws Error with the place, where it is no YAML
 */
export function readPulumiYaml(text: string): unknown {
  const [document] = parseAllDocuments(text.replace(/^\uFEFF/, ""), {
    schema: "failsafe",
    resolveKnownTags: false,
    logLevel: "error",
  });
  if (document === undefined || !("contents" in document)) return null;
  const [error] = document.errors;
  if (error !== undefined) throw new Error(error.message.trim());
  return valueOf(document, document.contents);
}

/** Text that Pulumi reads as exactly these values: no string of it looks like something else. */
export const pulumiYaml = (value: unknown): string =>
  stringify(value, { defaultStringType: "QUOTE_DOUBLE", aliasDuplicateObjects: false, lineWidth: 0 });

/** A value of the configuration as Pulumi passes it to the program: text as it is, all else as JSON. */
export const configText = (value: unknown): string => (typeof value === "string" ? value : json(value));

/** JSON, with all digits of large numbers, and keys in the order in which Go writes them. */
function json(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${json(entry)}`).join(",")}}`;
}
