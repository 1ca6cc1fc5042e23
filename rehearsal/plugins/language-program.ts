/** How the language stand-in starts a Node program: through the runner in the program's own @pulumi/pulumi. */
import { createRequire } from "node:module";
import { join } from "node:path";
import proto from "@pulumi/pulumi/proto/language_pb.js";

const optionTypes = { typescript: "boolean", tsconfig: "string", nodeargs: "string" } as const;

interface Options {
  readonly typescript?: boolean;
  readonly tsconfig?: string;
  readonly nodeargs?: string;
}

function readOptions(info: proto.ProgramInfo): Options {
  const options: Readonly<Record<string, unknown>> = info.getOptions()?.toJavaScript() ?? {};
  for (const [name, type] of Object.entries(optionTypes))
    if (options[name] !== undefined && typeof options[name] !== type)
      throw new Error(`Pulumi.yaml: the runtime option ${name} must be a ${type}`);
  return options;
}

/** Arguments and environment of @pulumi/pulumi's own runner, which then loads the program. */
export function invocation(q: proto.RunRequest, engine: string, runner: string) {
  const info = q.getInfo() ?? new proto.ProgramInfo();
  const { typescript = true, tsconfig = "", nodeargs = "" } = readOptions(info);
  const flags = {
    monitor: q.getMonitorAddress(),
    engine,
    organization: q.getOrganization(),
    project: q.getProject(),
    "root-directory": info.getRootDirectory(),
    stack: q.getStack(),
    pwd: info.getProgramDirectory(),
    parallel: String(q.getParallel()),
  };
  // The real host sends keys as <namespace>:config:<name>, which every SDK reads.
  const config = Array.from(q.getConfigMap().entries(), ([key, value]) => [
    key.replace(/^([^:]*):(?:config:)?/, "$1:config:"),
    value,
  ]);
  return {
    args: [
      ...nodeargs.split(/\s+/).filter(Boolean),
      runner,
      ...Object.entries(flags).flatMap(([flag, value]) => (value === "" ? [] : [`--${flag}`, value])),
      ...(q.getDryrun() ? ["--dry-run"] : []),
      info.getEntryPoint(),
      ...q.getArgsList(),
    ],
    env: {
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(config)),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(q.getConfigsecretkeysList()),
      ...(typescript && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
      ...(tsconfig !== "" && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
    },
  };
}

/** The runner installed for the program in `directory`. */
export function findRunner(directory: string): string {
  try {
    return createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new Error(`The Pulumi SDK is not installed in ${directory}: run npm ci there`);
  }
}
