import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { chartsDir, documents, helm } from "../../../rehearsal/tests/support/charts.ts";

/** A definition of custom resources, as far as tests look at it. */
export interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

export interface Schema {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  /** Rules that only an API server applies. */
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly message: string }[];
}

/** What the stand-in of a chart defines in its folder of definitions. */
function definitions(chart: string): readonly Definition[] {
  const directory = join(chartsDir, chart, "crds");
  return readdirSync(directory).flatMap((file) =>
    parseAllDocuments(readFileSync(join(directory, file), "utf8"), { merge: true }).flatMap(
      (document) => (document.toJS({ maxAliasCount: -1 }) as { items: Definition[] }).items,
    ),
  );
}

const byKind = (all: readonly Definition[]): ReadonlyMap<string, Definition> =>
  new Map(all.map((one) => [one.spec.names.kind, one]));

/** The kinds of Gloo Mesh. */
export const glooKinds = byKind(definitions("gloo-mesh-enterprise"));

/** The kinds of Gloo Platform, whose chart has them as templates. */
export const glooPlatformKinds = (): ReadonlyMap<string, Definition> =>
  byKind(
    documents(
      execFileSync(helm, ["template", "crds", join(chartsDir, "gloo-platform-crds")], { encoding: "utf8" }),
    ) as Definition[],
  );

/** What an API server with strict field validation would say against the spec of a kind of Gloo Mesh. */
export function complaintsAbout(kind: string, spec: unknown, kinds = glooKinds): readonly string[] {
  const schema = kinds.get(kind)?.spec.versions[0]?.schema.openAPIV3Schema;
  return schema ? complaints(schema, { spec }, kind) : [`${kind} is not defined`];
}

function complaints(schema: Schema, value: unknown, path: string): readonly string[] {
  if (schema["x-kubernetes-preserve-unknown-fields"]) return [];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item) => complaints(items, item, path)) : [`${path} is not an array`];
  }
  if (typeof value === "object" && value !== null) {
    const missing = (schema.required ?? []).filter((key) => !(key in value));
    return [
      ...missing.map((key) => `${path}.${key} is missing`),
      ...Object.entries(value).flatMap(([key, inner]) => {
        const known = schema.properties?.[key] ?? schema.additionalProperties;
        return known ? complaints(known, inner, `${path}.${key}`) : [`${path}.${key} is unknown`];
      }),
    ];
  }
  const type = schema.type === "integer" && Number.isInteger(value) ? "integer" : typeof value;
  if (type !== schema.type) return [`${path} is not a ${schema.type ?? "value"}`];
  if (typeof value === "number" && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)))
    return [`${path} is not within ${schema.minimum ?? ""} and ${schema.maximum ?? ""}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${path} is not one of ${schema.enum.join(", ")}`];
  return [];
}
