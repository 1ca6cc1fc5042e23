import { z } from "zod";
import { errors } from "../messages/spelling.ts";
import { inner } from "../schema/types.ts";

/** Where something is in the configuration: names of members, and numbers of entries. */
export type Path = readonly PropertyKey[];

/** A path as Pulumi's `--path` takes it, e.g. `workloads[0].name`. */
export const inWords = (path: Path): string =>
  path.reduce<string>((at, key) => {
    if (typeof key === "number") return `${at}[${key}]`;
    const name = String(key);
    if (!/^[\w-]+$/.test(name)) return `${at}[${JSON.stringify(name)}]`;
    return at === "" ? name : `${at}.${name}`;
  }, "");

/** Each form that a value may have here. */
function alternatives(form: z.core.$ZodType): z.core.$ZodType[] {
  const inside = inner(form);
  return inside instanceof z.ZodUnion ? inside.def.options.flatMap(alternatives) : [inside];
}

/** The members that a form knows by name. */
const membersOf = (form: z.core.$ZodType): [name: string, form: z.core.$ZodType][] =>
  alternatives(form).flatMap((each) =>
    each instanceof z.ZodObject
      ? Object.entries(each.def.shape as Readonly<Record<string, z.core.$ZodType>>)
      : [],
  );

/** The forms that a member, or an entry, of this form may have. */
const memberOf = (form: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] =>
  alternatives(form).flatMap((each) => {
    if (each instanceof z.ZodUnknown) return [each];
    if (each instanceof z.ZodArray) return [each.def.element];
    if (each instanceof z.ZodRecord) return [each.def.valueType];
    return membersOf(each).flatMap(([name, member]) => (name === key ? [member] : []));
  });

/** The forms that the value of a key may have. */
const formsAt = (schema: z.core.$ZodType, path: Path): z.core.$ZodType[] =>
  path.reduce<z.core.$ZodType[]>((found, key) => found.flatMap((form) => memberOf(form, key)), [schema]);

/** Whether a key may have this value. */
export const takes = (schema: z.core.$ZodType, path: Path, value: unknown): boolean =>
  formsAt(schema, path).some((form) => z.core.safeParse(form, value).success);

/** The path of every key, as the reference has it: of each list, an entry's members. */
const allPaths = (form: z.core.$ZodType, path: Path = []): Path[] => [
  ...membersOf(form).flatMap(([name, member]) => [[...path, name], ...allPaths(member, [...path, name])]),
  ...alternatives(form).flatMap((each) =>
    each instanceof z.ZodArray ? allPaths(each.def.element, [...path, anyEntry]) : [],
  ),
];

/** Any entry of a list. */
const anyEntry = 0;

/** How many keys two paths have in common, from the start or, without their last ones, from the end. */
function shared(a: Path, b: Path): number {
  const isSame = (key: PropertyKey | undefined, other: PropertyKey | undefined) =>
    key === other || (typeof key === "number" && typeof other === "number");
  const common = (ours: Path, others: Path): number => {
    const end = ours.findIndex((key, index) => !isSame(key, others[index]));
    return end < 0 ? ours.length : end;
  };
  return common(a, b) + common(a.toReversed(), b.slice(0, -1).toReversed());
}

/** The same place in a list as that which a path is of. */
const inEntryOf = (path: Path, at: Path): Path => {
  const end = path.findIndex(
    (key, index) => typeof key !== typeof at[index] || (typeof key === "string" && key !== at[index]),
  );
  return [...at.slice(0, end), ...path.slice(end)];
};

/** More guesses than these say nothing. */
const mostGuesses = 3;

/**
 * The keys that are perhaps meant by one that there is not: those of a similar name in the same place, else elsewhere,
 * the nearest ones.
 *
 * @param at where the key is
 */
export function meant(schema: z.core.$ZodType, at: Path, key: string): string[] {
  const here = keysAt(schema, at).map((name): Path => [...at, name]);
  const [isHere, isElsewhere] = [here, allPaths(schema)].map((paths) =>
    paths.flatMap((path) => {
      const found = errors(key, String(path.at(-1)));
      return found === undefined ? [] : [{ path, far: found - 2 * shared(at, path) }];
    }),
  ) as [Guess[], Guess[]];
  const guesses = isHere.length > 0 ? isHere : isElsewhere;
  const least = Math.min(...guesses.map(({ far }) => far));
  return guesses
    .filter(({ far }) => far === least)
    .toSorted((a, b) => a.path.length - b.path.length)
    .slice(0, mostGuesses)
    .map(({ path }) => inWords(inEntryOf(path, at)));
}

interface Guess {
  readonly path: Path;
  readonly far: number;
}

/** The keys that there are in a place. */
export const keysAt = (schema: z.core.$ZodType, at: Path): string[] =>
  formsAt(schema, at).flatMap((form) => membersOf(form).map(([name]) => name));
