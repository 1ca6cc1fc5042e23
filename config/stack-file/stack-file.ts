import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMapping, type Mapping, mapping } from "../../schema/mapping.ts";
import { configText, readPulumiYaml } from "./pulumi-yaml.ts";

/** A stack's file as Pulumi reads it: its configuration by whole keys, `project:key`. */
export interface StackFile {
  readonly config?: Mapping;
  readonly [setting: string]: unknown;
}

/** What of Pulumi.yaml decides how a stack's file is read. */
export interface Project {
  /** What keys without a prefix belong to. */
  readonly name: string;
  /** Its configuration where a stack has none, by whole keys. */
  readonly defaults: Mapping;
}

/** The project in a directory. */
export function readProject(directory: string): Project {
  const file = mapping(parsed("Pulumi.yaml", readFileSync(join(directory, "Pulumi.yaml"), "utf8")));
  const { name } = file;
  if (typeof name !== "string") throw new Error("Pulumi.yaml has no name of the project.");
  const declared = Object.entries(mapping(file["config"])).map(
    ([key, entry]) => [wholeKey("Pulumi.yaml", name, key), defaultOf(entry)] as const,
  );
  return { name, defaults: Object.fromEntries(declared.filter(([, value]) => value !== undefined)) };
}

/** A key is declared with its default or its value, or is given a value in short. */
function defaultOf(entry: unknown): unknown {
  if (!isMapping(entry)) return entry;
  return entry["value"] ?? entry["default"];
}

/**
 * Reads a stack's file.
 *
 * @param file what to call it
 * @param project name of the project
 * @throws Error that says what is wrong with it
 */
export function readStackFile(file: string, text: string, project: string): StackFile {
  const content = parsed(file, text) ?? {};
  if (!isMapping(content)) throw new Error(`${file} is no stack's file: expected a mapping with config.`);
  const { config = {}, ...settings } = content;
  if (config === null) return settings;
  if (!isMapping(config)) throw new Error(`${file}: config must be a mapping of keys to values.`);
  const names = new Map<string, string>();
  for (const key of Object.keys(config)) {
    const whole = wholeKey(file, project, key);
    const other = names.get(whole);
    if (other !== undefined)
      throw new Error(`${file} has ${whole} twice, as ${other} and as ${key}: take one out.`);
    names.set(whole, key);
  }
  return {
    ...settings,
    config: Object.fromEntries([...names].map(([whole, key]) => [whole, config[key]])),
  };
}

function parsed(file: string, text: string): unknown {
  try {
    return readPulumiYaml(text);
  } catch (error) {
    throw new Error(`${file} is no YAML: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** A key with its project; `project:config:key` is an old form of `project:key`. */
function wholeKey(file: string, project: string, key: string): string {
  const parts = key.split(":");
  if (parts.length === 1) return `${project}:${key}`;
  if (parts.length === 2) return key;
  const [namespace = "", module, name = ""] = parts;
  if (parts.length === 3 && module === "config") return `${namespace}:${name}`;
  throw new Error(`${file}: ${key} is no key of a configuration; expected KEY or ${project}:KEY.`);
}

/** Whether a value is one that Pulumi encrypted. */
export const isSecret = (value: unknown): boolean =>
  isMapping(value) && Object.keys(value).length === 1 && typeof value["secure"] === "string";

/** The configuration of a stack as Pulumi would pass it to the program; secrets stay encrypted, and are only named. */
export const textsOf = ({ config = {} }: StackFile, { defaults }: Project): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...defaults, ...config }).map(([key, value]) => [key, configText(hidden(value))]),
  );

function hidden(value: unknown): unknown {
  if (isSecret(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(hidden);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, hidden(entry)]));
}
