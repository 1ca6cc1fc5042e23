import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { CheckedSettings } from "../../config/settings.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { ownFolder } from "../../plan/outputs.ts";
import { checkPlace, writeArchive } from "../collect/archive.ts";
import { collectCluster, type Collected } from "../collect/cluster.ts";
import { type Files, inFolder, together, yaml } from "../collect/files.ts";
import { createScrub } from "../collect/secrets.ts";
import { collectStack } from "../collect/stack.ts";
import { toolVersions } from "../doctor/tools.ts";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { clustersIn, hostOf, readSettings } from "../stack/lab.ts";
import { ownPath, provideOwnFolder } from "../stack/own-folder.ts";
import { step } from "../terminal/progress.ts";
import { pulumi } from "../stack/pulumi.ts";
import { reachInside } from "../../kubernetes/vcluster/reach.ts";
import { present, type Report, verb } from "../terminal/verb.ts";
import { within } from "../clusters/within.ts";

export const collect = verb(
  "collect",
  "After a failure: one archive of what tells why, without secrets, to look through or to hand on",
  "collect --log up.log",
)
  .option("--output <directory>", `folder for the archive; default: ${ownFolder}, which git ignores`)
  .option("--log <file...>", "what Pulumi said, to be put in, e.g. of: pulumi up 2>&1 | tee up.log")
  .action((options) => present(options, collected(options.output ?? ownPath, options.log ?? [])));

/** A part of the archive; one that cannot be had hides nothing of the others. */
interface Part extends Collected {
  readonly name: string;
  /** Why there is nothing. */
  readonly missing?: string;
}

const seconds = { start: 30, cluster: 120 };

async function collected(output: string, logs: readonly string[]): Promise<Report> {
  // npm runs a verb in the project's root, and says where the user is.
  const at = (path: string) => resolve(process.env["INIT_CWD"] ?? process.cwd(), path);
  const texts = await logsIn(logs.map(at));
  const [settings, stack] = await Promise.all([readSettings(), pulumi("stack", "--show-name")]);
  const archive = at(`${output}/${nameFor(stack.trim(), new Date())}`);
  await provideOwnFolder(archive);
  await checkPlace(archive);

  const names = clustersIn(settings);
  const [tools, ...parts] = await Promise.all([
    step("asking tools for their versions", toolVersions),
    part("pulumi", collectStack),
    part("host", async () => collectCluster("host", hostOf(settings), names)),
    ...names.map((name) => part(name, () => inside(settings, name))),
  ]);
  const all = parts.map(({ name, missing, files }) =>
    inFolder(name, missing === undefined ? files : { "missing.txt": `${missing}\n` }),
  );
  const problems = parts.flatMap(({ name, missing, problems: found }) =>
    missing === undefined ? found.map((problem) => `${name}: ${problem}`) : [`${name}: ${missing}`],
  );
  const scrub = createScrub(parts.flatMap(({ secrets }) => secrets));
  const told = problems.map(scrub);
  const files = scrubbed(
    together(
      {
        "summary.txt": summary(told),
        "versions.yaml": yaml({ lab: settings.versions, tools }),
      },
      inFolder("log", texts),
      ...all,
    ),
    scrub,
  );
  await step("writing the archive", () => writeArchive(archive, files));
  return {
    facts: { archive, files: Object.keys(files).sort(), problems: told },
    text: [summary(told).trimEnd(), "", `All of it, without secrets, is in ${archive}`].join("\n"),
  };
}

async function part(name: string, work: () => Promise<Collected>): Promise<Part> {
  try {
    return {
      name,
      ...(await step(`collecting from ${name}`, () =>
        within(work(), { seconds: seconds.cluster, from: name }),
      )),
    };
  } catch (error) {
    return { name, missing: `not looked at: ${explain(error)}`, files: {}, problems: [], secrets: [] };
  }
}

/** What is in a virtual cluster; a paused one has nothing that could answer. */
async function inside(settings: CheckedSettings, name: string): Promise<Collected> {
  const { management, workloads } = settings;
  if ([management, ...workloads].some((cluster) => cluster.name === name && cluster.paused))
    throw new Failure("it is paused");
  const config = await within(reachInside(hostOf(settings), settings, name), {
    seconds: seconds.start,
    from: "the host",
  });
  return collectCluster(name, config);
}

async function logsIn(paths: readonly string[]): Promise<Files> {
  const read = async (path: string) => {
    try {
      return [basename(path), await readFile(path, "utf8")] as const;
    } catch (error) {
      throw new Failure(`--log ${path} could not be read: ${explain(error)}`, exitCodes.usage);
    }
  };
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

const scrubbed = (files: Files, scrub: (text: string) => string): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, scrub(text)]));

/** Name of the archive of a stack; fit for every file system. */
export const nameFor = (stack: string, now: Date): string => {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replaceAll(":", "-");
  return `mesh-lab-${stack.replaceAll("/", "-")}-${time}.tgz`;
};

const summary = (problems: readonly string[]): string =>
  problems.length === 0
    ? "Nothing stands out: everything that answers is ready.\n"
    : `What is not as it must be:\n${problems.map((problem) => `  ${problem}\n`).join("")}`;
