/**
 * A stand-in for pulumi-resource-command 1.2.1: local.Command and local.run.
 * What it leaves out: the remote resources, assetPaths and archivePaths.
 */
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { killAll, nothing, type Output, type ProcessInputs, type Run, run } from "./command-process.ts";
import { type DiffKind, isObject, type Props, type Provider, serve, UNKNOWN } from "./server.ts";

interface Inputs extends ProcessInputs {
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
}

const outputOf = ({ stdout, stderr }: Props): Output => ({
  stdout: typeof stdout === "string" ? stdout : "",
  stderr: typeof stderr === "string" ? stderr : "",
});

/** Without a command nothing runs, and what was printed last stays. */
const runIf = async (command: string | undefined, how: Run): Promise<Output> =>
  command === undefined ? (how.previous ?? nothing) : run(command, how);

const unknown: Output = { stdout: UNKNOWN, stderr: UNKNOWN };

/** In a preview the output is unknown where an input of the last run changed; an added input does not count. */
function expected(olds: Props, news: Props): Output {
  const changed = Object.entries(olds).some(
    ([key, old]) => !(key in nothing) && !isDeepStrictEqual(old, news[key]),
  );
  return changed || Object.values(news).includes(UNKNOWN) ? unknown : outputOf(olds);
}

const segment = (key: string, first: boolean): string =>
  /^\w+$/.test(key) ? `${first ? "" : "."}${key}` : `["${key.replaceAll('"', '\\"')}"]`;

/** Every difference under its path, written as the engine writes paths. */
function differences(before: unknown, after: unknown, path = ""): [string, DiffKind][] {
  if (isDeepStrictEqual(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const longest = before.length > after.length ? before : after;
    return longest.flatMap((_, i) => differences(before[i], after[i], `${path}[${i}]`));
  }
  if (isObject(before) && isObject(after)) {
    const keys = Object.keys({ ...before, ...after });
    return keys.flatMap((key) => differences(before[key], after[key], path + segment(key, path === "")));
  }
  return [[path, before === undefined ? "add" : after === undefined ? "delete" : "update"]];
}

const withoutInternals = (o: Props): Props =>
  Object.fromEntries(Object.entries(o).filter(([key]) => key !== "version" && !key.startsWith("__")));

/** The provider. */
export const command: Provider = {
  name: "command",
  version: "1.2.1",
  async check({ type, news }) {
    if (type !== "command:local:Command")
      throw new Error(`The command stand-in has no ${type}; it has command:local:Command`);
    const refused = ["assetPaths", "archivePaths"].filter((property) => news[property] !== undefined);
    const reason = "the command stand-in collects no files; this needs the real plugin";
    return { inputs: news, failures: refused.map((property) => ({ property, reason })) };
  },
  async diff({ oldInputs, news }) {
    const found = differences(withoutInternals(oldInputs), withoutInternals(news));
    // A change inside triggers replaces as well: the SDK asks the engine for that, with replaceOnChanges.
    const kindAt = (path: string, kind: DiffKind) =>
      path === "triggers" ? (`${kind}-replace` as DiffKind) : kind;
    const detailedDiff = Object.fromEntries(
      found.map(([path, kind]) => [path, { kind: kindAt(path, kind) }]),
    );
    const replaces = "triggers" in detailedDiff ? ["triggers"] : [];
    return { changed: found.length > 0, detailedDiff, replaces };
  },
  async create({ urn, inputs, preview, timeout }) {
    const name = urn.split("::").slice(3).join("::");
    const id = `${name}${randomBytes(4).toString("hex")}`;
    const output = preview ? unknown : await runIf((inputs as Inputs).create, { inputs, urn, timeout });
    return { id, outputs: { ...inputs, ...output } };
  },
  async update({ urn, olds, news, preview, timeout }) {
    const { create, update = create } = news as Inputs;
    const how = { inputs: news, previous: outputOf(olds), urn, timeout };
    const output = preview ? expected(olds, news) : await runIf(update, how);
    return { outputs: { ...news, ...output } };
  },
  async delete({ urn, state, timeout }) {
    await runIf((state as Inputs).delete, { inputs: state, previous: outputOf(state), urn, timeout });
  },
  async invoke({ tok, args }) {
    if (tok !== "command:local:run")
      throw new Error(`The command stand-in has no ${tok}; it has command:local:run`);
    return { ...args, ...(await run(String(args["command"]), { inputs: args })) };
  },
  cancel: killAll,
};

if (import.meta.main) serve(command);
