/**
 * A stand-in for pulumi-resource-random 4.21.2: RandomPassword, RandomString, RandomBytes, RandomId.
 * What it leaves out: the other types, and RandomPassword's `bcryptHash` (there is no bcrypt in Node).
 */
import { randomBytes, randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type Diff, isObject, type Props, type Provider, secret, serve, UNKNOWN } from "./server.ts";

interface Kind {
  readonly defaults: Props;
  /** The outputs that are made up, and so not known in a preview. */
  readonly computed: readonly string[];
  readonly size: "length" | "byteLength";
  readonly atLeast: (inputs: Props) => number;
  readonly make: (inputs: Props) => { id: string; outputs: Props };
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

const classes = [
  { flag: "upper", min: "minUpper", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
  { flag: "lower", min: "minLower", characters: "abcdefghijklmnopqrstuvwxyz" },
  { flag: "numeric", min: "minNumeric", characters: "0123456789" },
  { flag: "special", min: "minSpecial", characters: "!@#$%&*()-_=+[]{}<>:?" },
] as const;

/** Draws without bias. */
function pick(characters: string, times: number): string[] {
  const set = Array.from(characters);
  return Array.from({ length: times }, () => set[randomInt(set.length)] ?? "");
}

function shuffle<T>(items: readonly T[]): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(randomInt(rest.length), 1));
}

/** The minimum of each class first, then the rest from all allowed classes; in random order. */
function draw(inputs: Props): string {
  const sets = classes.map(({ flag, min, characters }) => ({
    allowed: inputs[flag] === true,
    min: number(inputs[min]),
    characters: (flag === "special" && text(inputs["overrideSpecial"])) || characters,
  }));
  const allowed = sets.map((set) => (set.allowed ? set.characters : "")).join("");
  const required = sets.flatMap(({ characters, min }) => pick(characters, min));
  return shuffle([...required, ...pick(allowed, number(inputs["length"]) - required.length)]).join("");
}

const drawn: Omit<Kind, "make"> = {
  defaults: Object.fromEntries(
    classes.flatMap(({ flag, min }): [string, unknown][] => [
      [flag, true],
      [min, 0],
    ]),
  ),
  computed: ["id", "result"],
  size: "length",
  atLeast: (inputs) =>
    Math.max(
      1,
      classes.reduce((sum, { min }) => sum + number(inputs[min]), 0),
    ),
};

const kinds: Readonly<Record<string, Kind>> = {
  "random:index/randomPassword:RandomPassword": {
    ...drawn,
    make: (inputs) => ({ id: "none", outputs: { id: "none", result: secret(draw(inputs)) } }),
  },
  "random:index/randomString:RandomString": {
    ...drawn,
    make(inputs) {
      const result = draw(inputs);
      return { id: result, outputs: { id: result, result } };
    },
  },
  "random:index/randomBytes:RandomBytes": {
    defaults: {},
    computed: ["base64", "hex"],
    size: "length",
    atLeast: () => 1,
    make(inputs) {
      const bytes = randomBytes(number(inputs["length"]));
      const base64 = bytes.toString("base64");
      return { id: base64, outputs: { base64: secret(base64), hex: secret(bytes.toString("hex")) } };
    },
  },
  "random:index/randomId:RandomId": {
    defaults: {},
    computed: ["id", "b64Std", "b64Url", "dec", "hex"],
    size: "byteLength",
    atLeast: () => 1,
    make(inputs) {
      const bytes = randomBytes(number(inputs["byteLength"]));
      const [id, hex] = [bytes.toString("base64url"), bytes.toString("hex")];
      const forms = { b64Url: id, b64Std: bytes.toString("base64"), hex, dec: BigInt(`0x${hex}`).toString() };
      const prefix = text(inputs["prefix"]);
      const prefixed = Object.entries(forms).map(([form, value]) => [form, prefix + value]);
      return { id, outputs: { id, ...(Object.fromEntries(prefixed) as Props) } };
    },
  },
};

function kindOf(type: string): Kind {
  const kind = kinds[type];
  if (kind !== undefined) return kind;
  throw new Error(`The random stand-in has no ${type}; it has ${Object.keys(kinds).join(", ")}`);
}

/** Null and absent mean the same, and `number` is an older name of `numeric`. */
function complete({ defaults }: Kind, inputs: Props): Props {
  const given = { ...defaults, ...withoutNulls(inputs) };
  if (!("numeric" in defaults)) return given;
  const numeric = inputs["numeric"] ?? inputs["number"] ?? true;
  return { ...given, numeric, number: numeric };
}

const withoutNulls = (o: Props): Props =>
  Object.fromEntries(
    Object.entries(o)
      .filter(([, v]) => v !== null)
      .map(([k, v]) => [k, isObject(v) ? withoutNulls(v) : v]),
  );

function failures(kind: Kind, inputs: Props) {
  if (Object.values(inputs).includes(UNKNOWN)) return [];
  const [size, atLeast] = [inputs[kind.size], kind.atLeast(inputs)];
  if (typeof size !== "number" || size < atLeast)
    return [{ property: kind.size, reason: `${kind.size} must be a number of at least ${atLeast}` }];
  if ("numeric" in inputs && classes.every(({ flag }) => inputs[flag] !== true))
    return [{ property: "special", reason: "one of special, upper, lower, numeric must be true" }];
  return [];
}

/** The provider; every change of an input makes a new value, which is a replacement. */
export const random: Provider = {
  name: "random",
  version: "4.21.2",
  async check({ type, news }) {
    const kind = kindOf(type);
    return { inputs: news, failures: failures(kind, complete(kind, news)) };
  },
  async diff({ type, oldInputs, news }): Promise<Diff> {
    const [before, after] = [complete(kindOf(type), oldInputs), complete(kindOf(type), news)];
    const keys = Object.keys({ ...before, ...after });
    const replaces = keys.filter((key) => !isDeepStrictEqual(before[key], after[key]));
    return { changed: replaces.length > 0, diffs: replaces, replaces };
  },
  async create({ type, inputs, preview }) {
    const kind = kindOf(type);
    const all = complete(kind, inputs);
    const unknown = Object.fromEntries(kind.computed.map((key) => [key, UNKNOWN]));
    const { id, outputs } = preview ? { id: "", outputs: unknown } : kind.make(all);
    return { id, outputs: { ...all, ...outputs } };
  },
};

if (import.meta.main) serve(random);
