import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parseDocument } from "yaml";
import { isMapping } from "../../schema/mapping.ts";
import { type Cluster, type Context, entryShapes, type Entries, typeMistake, type User } from "./forms.ts";

/** A kubeconfig as clients read it: of all its files, or of a text. */
export interface Kubeconfig {
  /** Where it was read from, e.g. `/home/me/.kube/config`; for messages. */
  readonly source: string;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly users: ReadonlyMap<string, User>;
  readonly contexts: ReadonlyMap<string, Context>;
  readonly currentContext: string | undefined;
  /** What a pod's service account leads to, where this runs in a pod. */
  readonly inPod?: { readonly cluster: Cluster; readonly user: User };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The files of the ambient kubeconfig: those of $KUBECONFIG, else `~/.kube/config`; whether or not they exist. */
export function kubeconfigFiles(environment: Environment = process.env): string[] {
  const listed = environment["KUBECONFIG"] ?? "";
  if (listed === "") return [join(environment["HOME"] ?? homedir(), ".kube", "config")];
  return [...new Set(listed.split(delimiter).filter((file) => file !== ""))];
}

/**
 * The ambient kubeconfig by client-go's rules, which kubectl, Helm and Pulumi's Kubernetes provider follow: missing and
 * empty files count for nothing; of entries of one name, and of current contexts, the first file's is taken; paths in a
 * file start from its folder. In a pod without any, its service account's.
 *
 * @returns undefined where there is no kubeconfig at all
 * @throws where a file cannot be read, or is no kubeconfig
 */
export function ambientKubeconfig(
  environment: Environment = process.env,
  serviceAccount: string = "/var/run/secrets/kubernetes.io/serviceaccount",
): Kubeconfig | undefined {
  const read = readFiles(kubeconfigFiles(environment));
  const inPod = ofServiceAccount(environment, serviceAccount);
  if (read.length === 0 && inPod === undefined) return undefined;
  return {
    source: read.map(({ source }) => source).join(", ") || "the pod's service account",
    clusters: firstOf(read.map(({ clusters }) => clusters)),
    users: firstOf(read.map(({ users }) => users)),
    contexts: firstOf(read.map(({ contexts }) => contexts)),
    currentContext: currentOf(read),
    ...(inPod === undefined ? {} : { inPod }),
  };
}

/**
 * The current context of some files together.
 *
 * @throws where one cannot be read, or is no kubeconfig
 */
export const currentContextIn = (files: readonly string[]): string | undefined => currentOf(readFiles(files));

const currentOf = (read: readonly Kubeconfig[]): string | undefined =>
  read.find(({ currentContext }) => currentContext !== undefined)?.currentContext;

const readFiles = (files: readonly string[]): Kubeconfig[] =>
  files.flatMap((file) => {
    const text = textOf(file);
    return text === undefined
      ? []
      : [parseKubeconfig(text, { source: file, folder: resolve(dirname(file)) })];
  });

/** In words, that there is no ambient kubeconfig. */
export const noKubeconfig = (environment: Environment = process.env): string =>
  `there is no kubeconfig: ${kubeconfigFiles(environment).join(", ") || "$KUBECONFIG"} does not exist`;

/** Later maps give what earlier ones do not have. */
const firstOf = <T>(maps: readonly ReadonlyMap<string, T>[]): Map<string, T> =>
  new Map(maps.toReversed().flatMap((map) => [...map]));

/** What a file holds; undefined if there is no such file. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new Error(`kubeconfig ${file} cannot be read: ${reasons[code] ?? code}`);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  ENOTDIR: "its folder is no folder",
};

/** Where a text is from, and the folder from which its paths start; undefined: the current one. */
interface Origin {
  readonly source: string;
  readonly folder?: string;
}

/**
 * Reads a kubeconfig.
 *
 * @throws where the text is none, without quoting it: there are keys in it
 */
export function parseKubeconfig(text: string, { source, folder }: Origin): Kubeconfig {
  const refuse = (why: string): never => {
    throw new Error(`${source} is no kubeconfig: ${why}`);
  };
  const document = parseDocument(text, { prettyErrors: false });
  const error = document.errors.find(({ code }) => code !== "MULTIPLE_DOCS");
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split("\n").length;
    refuse(`its line ${line} is no YAML (${error.code})`);
  }
  const content: unknown = document.toJS();
  if (content === null || content === undefined)
    return { source, clusters: new Map(), users: new Map(), contexts: new Map(), currentContext: undefined };
  const config = isMapping(content) ? content : refuse("it is no mapping");
  if ((config["kind"] ?? "Config") !== "Config" || (config["apiVersion"] ?? "v1") !== "v1")
    refuse("expected apiVersion v1 and kind Config");
  const current = config["current-context"] ?? "";
  if (typeof current !== "string") return refuse("its current-context is no text");

  const entries = <Kind extends keyof Entries>(kind: Kind): Map<string, Entries[Kind]> => {
    const { list, content: key, fields } = entryShapes[kind];
    const all = config[list] ?? [];
    if (!Array.isArray(all)) return refuse(`its ${list} are no list`);
    const found = new Map<string, Entries[Kind]>();
    for (const [index, item] of all.entries()) {
      const at = `${list}[${index}]`;
      const entry = isMapping(item) ? item : refuse(`${at} is no mapping`);
      const name = entry["name"] ?? "";
      if (typeof name !== "string") return refuse(`${at}.name is no text`);
      if (found.has(name)) refuse(`two of its ${list} have the name "${name}"`);
      const value = entry[key] ?? {};
      if (!isMapping(value)) return refuse(`${at}.${key} is no mapping`);
      const mistake = typeMistake(value, fields);
      if (mistake !== undefined) refuse(`${at}.${key}.${mistake}`);
      found.set(name, {
        ...withoutEmpty(value),
        ...(folder === undefined ? {} : { folder }),
      });
    }
    return found;
  };
  return {
    source,
    clusters: entries("cluster"),
    users: entries("user"),
    contexts: entries("context"),
    currentContext: current === "" ? undefined : current,
  };
}

/** Empty text stands for a field that is not set. */
const withoutEmpty = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== "" && field !== null));

function ofServiceAccount(environment: Environment, folder: string): Kubeconfig["inPod"] {
  const host = environment["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "";
  const [token, ca] = [join(folder, "token"), join(folder, "ca.crt")];
  if (host === "" || port === "" || !isFile(token)) return undefined;
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    cluster: { server, ...(isFile(ca) ? { "certificate-authority": ca } : {}) },
    user: { tokenFile: token },
  };
}

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() === true;
