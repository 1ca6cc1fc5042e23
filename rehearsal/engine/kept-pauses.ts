import { managementName } from "../../schema/fields.ts";
import { isMapping, list, type Mapping, mapping } from "../../schema/mapping.ts";
import type { StackFile } from "../../config/stack-file/stack-file.ts";

/** Whether each cluster is paused, by its name. */
export type Pauses = Readonly<Record<string, boolean>>;

const keysOf = (project: string) => ({
  management: `${project}:management`,
  workloads: `${project}:workloads`,
});

/** What a stack file says of its clusters; what is no cluster is for the program's check. */
export function pausesIn({ config = {} }: StackFile, project: string): Pauses {
  const keys = keysOf(project);
  const management = { name: managementName, ...mapping(config[keys.management]) };
  const clusters = [management, ...list(config[keys.workloads])];
  return Object.fromEntries(clusters.map(({ name, paused }: Mapping) => [String(name), paused === true]));
}

/**
 * What a verb has noted in the rehearsed file, and is to last: the user's own file says of these clusters what it said
 * when the rehearsed one was written.
 */
export function keptPauses(user: Pauses, rehearsed: Pauses, saidBefore: Pauses): Pauses {
  return Object.fromEntries(
    Object.entries(rehearsed).filter(
      ([name, paused]) => paused !== user[name] && user[name] === (saidBefore[name] ?? false),
    ),
  );
}

/** A stack file that says this of these clusters. */
export function withPauses(file: StackFile, pauses: Pauses, project: string): StackFile {
  const keys = keysOf(project);
  const noted = (cluster: Mapping, name: unknown): Mapping => {
    const paused = pauses[String(name)];
    return paused === undefined ? cluster : { ...cluster, paused };
  };
  const { config = {} } = file;
  const management = mapping(config[keys.management]);
  const workloads = config[keys.workloads];
  const entries: readonly unknown[] = Array.isArray(workloads) ? workloads : [];
  const changed = {
    [keys.management]: noted(management, management["name"] ?? managementName),
    // What is no cluster stays as it is, for the program's check.
    [keys.workloads]: entries.map((entry) => (isMapping(entry) ? noted(entry, entry["name"]) : entry)),
  };
  return Object.keys(pauses).length === 0 ? file : { ...file, config: { ...config, ...changed } };
}
