import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { CheckedSettings } from "../../config/settings.ts";
import { ownFolder } from "../../plan/outputs.ts";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { layOut } from "../graph/layout.ts";
import { type Graph, plannedGraph } from "../graph/model.ts";
import { withState } from "../graph/state.ts";
import { type Caption, svgOf } from "../graph/svg.ts";
import { hostOf, readOutputs, readSettings, readSettingsFrom } from "../stack/lab.ts";
import { lookInto } from "../clusters/look.ts";
import { provideOwnFolder } from "../stack/own-folder.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

interface Options {
  readonly output?: string | undefined;
  readonly plan?: string | true | undefined;
  readonly json?: true | undefined;
}

export const graph = verb(
  "graph",
  "A picture of the lab as it stands, as SVG",
  `graph --output ${ownFolder}/lab.svg`,
)
  .option("--output <file>", "where the picture goes; default: standard output")
  .option(
    "--plan [file]",
    "the lab as it is to be, of the stack's configuration or of a file such as Pulumi.dev.yaml; needs no cluster",
  )
  .action((options) => present(options, drawn(options)));

async function drawn({ output, plan, json }: Options): Promise<Report> {
  const settings = typeof plan === "string" ? await readSettingsFrom(plan) : await readSettings();
  const planned = plannedGraph(settings);
  const facts = plan === undefined ? await asItStands(planned, settings) : planned;
  if (json === true && output === undefined) return { facts, text: "" };
  const svg = svgOf(
    facts,
    await layOut(facts),
    captionOf(facts, settings, plan === undefined ? new Date() : undefined),
  );
  if (output === undefined) return { facts, text: svg.trimEnd() };
  await writePicture(output, svg);
  return { facts, text: `The picture is in ${output}.` };
}

/** Writes the picture at once, so that nobody sees a part of it. */
async function writePicture(file: string, svg: string): Promise<void> {
  try {
    await provideOwnFolder(file);
    await writeFileAtomic(file, svg, { mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? `there is no folder ${dirname(file)}` : explain(error);
    throw new Failure(`${file} cannot be written: ${reason}.`, exitCodes.usage);
  }
}

async function asItStands(planned: Graph, settings: CheckedSettings): Promise<Graph> {
  const outputs = await readOutputs();
  const names = [settings.management, ...settings.workloads].map(({ name }) => name);
  const host = hostOf(settings);
  const looked = names
    .filter((name) => outputs.contexts.includes(name))
    .map((name) => lookInto(host, outputs, name));
  return withState(planned, await Promise.all(looked));
}

/** What the picture is called, and what it shows in words. */
export function captionOf(
  { groups, parts }: Graph,
  { management, workloads, versions }: CheckedSettings,
  now: Date | undefined,
): Caption {
  const { vcluster, kubernetes, glooMesh, istio } = versions;
  const withBookinfo = workloads.filter(({ bookinfo }) => bookinfo !== undefined).map(({ name }) => name);
  const notReady = parts.filter(({ state }) => state === "not ready").map(({ id }) => id);
  const silent = groups.filter(({ state }) => state === "unknown").map(({ id }) => id);
  const listed = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));
  return {
    title: "Mesh lab",
    subtitle: [
      `vcluster ${vcluster} with Kubernetes ${kubernetes}`,
      `Gloo Mesh ${glooMesh}`,
      `Istio ${istio}`,
      ...(now === undefined ? [] : [`as of ${now.toISOString().slice(0, 16).replace("T", " ")} UTC`]),
    ].join(" · "),
    description: [
      `One host cluster with the virtual clusters ${management.name}, which has Gloo Mesh's management plane, and ${listed(workloads.map(({ name }) => name))}, which have Istio and an agent that connects to it.`,
      `Bookinfo runs on: ${listed(withBookinfo)}.`,
      ...(now === undefined ? [] : [`Not ready: ${listed(notReady)}. Without an answer: ${listed(silent)}.`]),
    ].join(" "),
  };
}
