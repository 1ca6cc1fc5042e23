import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { paths } from "../../rehearsal/kit/paths.ts";
import { plain } from "../../rehearsal/recovery/recover.ts";
import { describeStack } from "../../rehearsal/engine/stack.ts";
import { timed } from "./command.ts";
import { folders } from "./folders.ts";
import type { StateResource } from "./pulumi.ts";

/** Files that the script reads, by path. */
export type Inputs = ReadonlyMap<string, unknown>;

type Data = Readonly<Record<string, unknown>>;

/** Inputs of a resource as the program gave them: in plain text, and without what Pulumi adds. */
const given = (inputs: Data): Data =>
  JSON.parse(JSON.stringify(plain(inputs)), (key, value: unknown) =>
    key.startsWith("__") || key.startsWith("pulumi.com/") ? undefined : value,
  ) as Data;

/** The context of the cluster that a resource is in. */
function contextOf({ provider = "" }: StateResource): string {
  const [, cluster = ""] = /::lab-(.+?)(?:-vcluster)?-provider::/.exec(provider) ?? [];
  return cluster;
}

/**
 * What the script is given, taken from a lab that was built: the values of each release, the objects of Gloo Mesh, and
 * those of Bookinfo in one file for each cluster.
 */
export function inputsOf(resources: readonly StateResource[]): Inputs {
  const files = new Map<string, unknown>();
  const bookinfo = new Map<string, Data[]>();
  for (const resource of resources) {
    const context = contextOf(resource);
    const object = given(resource.inputs ?? {});
    const { kind, apiVersion, metadata } = object as {
      kind?: string;
      apiVersion?: string;
      metadata?: { name?: string; namespace?: string };
    };
    if (resource.type === "kubernetes:helm.sh/v3:Release") {
      files.set(`${context}/${String(object["name"])}.json`, object["values"]);
    } else if (apiVersion?.includes(".gloo.solo.io/") === true) {
      files.set(`${context}/${kind ?? ""}-${metadata?.name ?? ""}.json`, object);
    } else if (metadata?.namespace === "bookinfo") {
      bookinfo.set(context, [...(bookinfo.get(context) ?? []), object]);
    }
  }
  for (const [context, items] of bookinfo)
    files.set(`${context}/bookinfo.json`, { apiVersion: "v1", kind: "List", items });
  return files;
}

/** The kubeconfigs with which the script's clusters are reached. */
export const articleKubeconfig = (clusters: readonly string[]): string =>
  ["host", ...clusters].map((name) => join(folders.article, `${name}.kubeconfig`)).join(":");

/** Runs the article's commands on the host; returns how many seconds they took. `say` is told of each step. */
export async function runArticle(inputs: Inputs, say: (step: string) => void): Promise<number> {
  const folder = folders.article;
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of inputs) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  }
  cpSync(paths.charts, join(folder, "charts"), { recursive: true, dereference: true });
  cpSync(paths.kubeconfig, join(folder, "host.kubeconfig"));
  const { env } = describeStack("dev");
  return timed("bash", [join(import.meta.dirname, "article.sh"), folder], {
    cwd: folder,
    env: { ...env, KUBECONFIG: articleKubeconfig([]) },
    onLine(line) {
      if (line.startsWith("step ")) say(line.slice("step ".length));
    },
  });
}
