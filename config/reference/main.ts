/** The configuration reference, made from the schema: the tables of the documents, and the keys of Pulumi.yaml. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { z } from "zod";
import { type About, reference } from "../../schema/describe.ts";
import { pairTable } from "./capability-pairs.ts";
import { capabilityTable } from "./capability-table.ts";
import { markdownTable, withMarked } from "./markdown.ts";
import { schema } from "../schema.ts";
import { type ConfigType, configType, inner } from "../../schema/types.ts";

/** A key of the reference. */
export interface Row extends About {
  /** E.g. `workloads[].ingress.replicas`. */
  readonly path: string;
  /** What holds where it is not set. */
  readonly unset: string;
}

/** Every key that the reference knows something of, in the order of the schema. */
export function rows(form: z.core.$ZodType = schema, path = ""): Row[] {
  const about = reference.get(form) ?? reference.get(inner(form));
  const own = about === undefined ? [] : [{ ...about, path, unset: about.unset ?? shown(defaultOf(form)) }];
  const inside = inner(form);
  if (inside instanceof z.ZodObject) {
    const shape = inside.def.shape as Readonly<Record<string, z.core.$ZodType>>;
    const members = Object.entries(shape).flatMap(([key, member]) =>
      rows(member, path === "" ? key : `${path}.${key}`),
    );
    return [...own, ...members];
  }
  if (inside instanceof z.ZodArray) return [...own, ...rows(inside.def.element, `${path}[]`)];
  if (inside instanceof z.ZodUnion)
    return [...own, ...inside.def.options.flatMap((option) => rows(option, path))];
  return own;
}

const defaultOf = (form: z.core.$ZodType): unknown =>
  form instanceof z.ZodDefault ? form.def.defaultValue : "";

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : `\`[${value.join(", ")}]\``;
  if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return "none";
  return value === "" ? "none" : `\`${String(value)}\``;
}

/** A table of keys. */
export const table = (keys: readonly Row[]): string =>
  markdownTable([
    ["key", "meaning", "if not set"],
    ...keys.map(({ path, description, unset }) => [`\`${path}\``, description, unset]),
  ]);

/** A key as Pulumi.yaml declares it. */
interface Declaration {
  readonly description: string;
  readonly default: unknown;
}

/**
 * Every key as Pulumi.yaml declares it. Pulumi takes a key without a default for one that must be set, and tells so in
 * words of its own, as it does of the first value that is not of a declared type; the empty default stands for "not
 * set". The program knows more to say of both.
 */
export function declarations(): Record<string, Declaration> {
  const shape = schema.def.shape as Readonly<Record<string, z.core.$ZodType>>;
  return Object.fromEntries(
    Object.entries(shape).map(([key, form]) => {
      const description = reference.get(form)?.description ?? summaries[key] ?? key;
      return [key, { description: description.replaceAll("`", ""), default: declaredDefault(form) }];
    }),
  );
}

const empty: Readonly<Record<ConfigType, unknown>> = { text: "", scalar: "", object: {}, list: [] };
const declaredDefault = (form: z.core.$ZodType): unknown =>
  form instanceof z.ZodDefault ? form.def.defaultValue : empty[configType(form)];

/** Keys that only have members: what these are is said by the members. */
const summaries: Readonly<Record<string, string>> = {
  controlPlane: "Where control planes run and keep their data",
  management: "The management cluster",
  workloads: "The workload clusters, 1 to 20",
  versions: "Versions of the parts of the lab",
};

const isOf = (key: string) => (row: Row) =>
  row.path === key || row.path.startsWith(`${key}.`) || row.path.startsWith(`${key}[]`);

/** The tables of the README by name: the capabilities, and the keys of each part of the configuration. */
export function tables(): Record<string, string> {
  const all = rows();
  const within = (key: string, prefix: string) =>
    all.filter(isOf(key)).map((row) => ({ ...row, path: row.path.slice(prefix.length) }));
  const apart = ["workloads", "management"];
  const isKnob = ({ path }: Row) => path.startsWith("capabilities.");
  return {
    capabilities: capabilityTable(),
    lab: table(all.filter((row) => !isKnob(row) && !apart.some((key) => isOf(key)(row)))),
    management: table(within("management", "management.")),
    workloads: table(within("workloads", "workloads[].")),
    options: table(within("capabilities", "capabilities.").filter(({ path }) => path !== "")),
  };
}

/** The README with the tables of now between their marks. */
export const withTables = (text: string): string =>
  Object.entries(tables()).reduce((before, [name, content]) => withMarked(before, name, content), text);

/** The page about capabilities that are on together, with the table of now between its marks. */
export const withPairs = (text: string): string => withMarked(text, "pairs", pairTable());

/** Pulumi.yaml with the keys of now. */
export function withDeclarations(text: string): string {
  const document = parseDocument(text);
  document.set("config", document.createNode(declarations(), { aliasDuplicateObjects: false }));
  return document.toString({ lineWidth: 0 });
}

if (import.meta.main) {
  for (const [file, update] of [
    ["README.md", withTables],
    ["Pulumi.yaml", withDeclarations],
  ] as const) {
    const before = readFileSync(file, "utf8");
    const after = update(before);
    if (after !== before) writeFileSync(file, after);
    console.log(`${file} ${after === before ? "is as it must be" : "is written"}.`);
  }
}
