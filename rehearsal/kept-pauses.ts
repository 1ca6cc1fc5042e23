import { managementName } from "../config/formats.ts";
import type { StackFile } from "./stack.ts";

/** Whether each cluster is paused, by its name. */
export type Pauses = Readonly<Record<string, boolean>>;

type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const keys = { management: "mesh-lab:management", workloads: "mesh-lab:workloads" } as const;

/** What a stack file says of its clusters; what is no cluster is for the program's check. */
export function pausesIn({ config = {} }: StackFile): Pauses {
  const management = { name: managementName, ...asMapping(config[keys.management]) };
  const clusters = [management, ...asList(config[keys.workloads]).map(asMapping)];
  return Object.fromEntries(clusters.map(({ name, paused }: Mapping) => [String(name), paused === true]));
}

/**
 * What a verb has noted in the rehearsed file, and is to last: the user's own file says of these clusters what it said
 * when the rehearsed one was written.
 */
export function keptPauses(user: StackFile, rehearsed: StackFile, saidBefore: Pauses): Pauses {
  const says = pausesIn(user);
  return Object.fromEntries(
    Object.entries(pausesIn(rehearsed)).filter(
      ([name, paused]) => paused !== says[name] && says[name] === (saidBefore[name] ?? false),
    ),
  );
}

/** A stack file that says this of these clusters. */
export function withPauses(file: StackFile, pauses: Pauses): StackFile {
  const noted = (cluster: Mapping, name: unknown): Mapping => {
    const paused = pauses[String(name)];
    return paused === undefined ? cluster : { ...cluster, paused };
  };
  const { config = {} } = file;
  const management = asMapping(config[keys.management]);
  const changed = {
    [keys.management]: noted(management, management["name"] ?? managementName),
    [keys.workloads]: asList(config[keys.workloads]).map((entry) =>
      isMapping(entry) ? noted(entry, entry["name"]) : entry,
    ),
  };
  return Object.keys(pauses).length === 0 ? file : { ...file, config: { ...config, ...changed } };
}

const asMapping = (value: unknown): Mapping => (isMapping(value) ? value : {});
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
