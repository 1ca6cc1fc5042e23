import { isMap, isSeq, LineCounter, parseDocument, type Document, type YAMLMap, type YAMLSeq } from "yaml";
import { isDeepStrictEqual } from "node:util";
import type { Kubeconfig } from "../../values/kubeconfig.ts";
import { Failure } from "../../messages/failure.ts";

/** The lab that entries of a kubeconfig belong to. */
export interface Owner {
  /** Name of its stack, which is noted on each entry. */
  readonly stack: string;
  /** What it has now; undefined once it is gone. */
  readonly lab: Kubeconfig | undefined;
}

export interface MergeOptions {
  /** Context to make the current one; default: the current one stays, and where there is none, the lab's first. */
  readonly use?: string | undefined;
  /** Whether entries of the same names are replaced, whoever they belong to. */
  readonly force?: boolean | undefined;
  /** The current context of the files that are read beside this one, which stays where this one has none. */
  readonly elsewhere?: string | undefined;
}

/** A kubeconfig after a change. */
export interface Changed {
  /** Its text; undefined: it is what it was. */
  readonly text: string | undefined;
  /** Names of contexts that were taken away. */
  readonly removed: readonly string[];
  /** Name of its current context. */
  readonly current: string | undefined;
}

type Entry = Readonly<Record<string, unknown>>;

/** A kind of entry. */
interface Kind {
  /** Key of the list. */
  readonly list: "clusters" | "users" | "contexts";
  /** Key of what an entry says. */
  readonly content: "cluster" | "user" | "context";
  /** Whether an entry of the same name without a note means what the lab's does. */
  readonly isSame: (found: Entry, wanted: Entry, config: Text, owner: Owner) => boolean;
}

const haveSame =
  (...fields: string[]) =>
  (found: Entry, wanted: Entry): boolean =>
    fields.some((field) => wanted[field] !== undefined && found[field] === wanted[field]);

const clusters: Kind = {
  list: "clusters",
  content: "cluster",
  isSame: haveSame("certificate-authority-data", "server"),
};

const users: Kind = { list: "users", content: "user", isSame: haveSame("client-certificate-data") };

const contexts: Kind = {
  list: "contexts",
  content: "context",
  isSame: (found, wanted, config, owner) => {
    const cluster = entriesOf(config, clusters).find(({ name }) => name === found["cluster"]);
    return (
      haveSame("cluster")(found, wanted) && (cluster === undefined || isOwn(cluster, clusters, config, owner))
    );
  },
};

const kinds: readonly Kind[] = [clusters, users, contexts];

const asRecord = (value: unknown): Entry => (typeof value === "object" && value !== null ? { ...value } : {});

const noteName = "mesh-lab";

/** What is noted on an entry of a lab. */
interface Note {
  /** Name of its stack. */
  readonly stack: string;
  /** On a context: the current one before the lab's was; it is the current one again once the lab is out. */
  readonly before?: string | undefined;
}

/** An entry with the note of whose it is, in the place that kubeconfigs have for such. */
const noted = (entry: Entry, { content }: Kind, { stack, before }: Note): Entry => ({
  ...entry,
  [content]: {
    ...asRecord(entry[content]),
    extensions: [
      {
        name: noteName,
        extension: { stack, ...(content === "context" && before !== undefined ? { before } : {}) },
      },
    ],
  },
});

/** The note of a stack on an entry. */
function noteOn(entry: Entry, { content }: Kind, stack: string): Entry | undefined {
  const { extensions } = asRecord(entry[content]);
  if (!Array.isArray(extensions)) return undefined;
  return extensions
    .map(asRecord)
    .filter(({ name }) => name === noteName)
    .map(({ extension }) => asRecord(extension))
    .find((note) => note["stack"] === stack);
}

const isNoted = (entry: Entry, kind: Kind, stack: string): boolean =>
  noteOn(entry, kind, stack) !== undefined;

/** The current context of before the lab's, as it is noted on the lab's. */
function notedBefore(config: Text, stack: string): string | undefined {
  const found = entriesOf(config, contexts).map((entry) => noteOn(entry, contexts, stack)?.["before"]);
  return found.find((before) => typeof before === "string");
}

/** Whether an entry is a lab's: it is noted so, or it means the same as the lab's of this name. */
function isOwn(entry: Entry, kind: Kind, config: Text, owner: Owner): boolean {
  if (isNoted(entry, kind, owner.stack)) return true;
  const own = owner.lab?.[kind.list].find(({ name }) => name === entry["name"]) as Entry | undefined;
  if (own === undefined) return false;
  return kind.isSame(asRecord(entry[kind.content]), asRecord(own[kind.content]), config, owner);
}

/**
 * Puts a lab's entries into a kubeconfig, and takes those away that it no longer has; all else stays as it is.
 *
 * @param file name of the file, for messages
 * @param text undefined: there is no such file
 * @throws Failure where the text is no kubeconfig, or somebody else's entries have the same names
 */
export function merged(
  file: string,
  text: string | undefined,
  owner: Owner & { readonly lab: Kubeconfig },
  { use, force = false, elsewhere }: MergeOptions = {},
): Changed {
  const config = read(file, text ?? "");
  const { lab, stack } = owner;
  const foreign = kinds.flatMap((kind) =>
    lab[kind.list].flatMap(({ name }) => {
      const entry = entriesOf(config, kind).find((candidate) => candidate["name"] === name);
      return entry === undefined || force || isOwn(entry, kind, config, owner)
        ? []
        : [`${kind.content} ${name}`];
    }),
  );
  if (foreign.length > 0)
    throw new Failure(
      `${file} has ${foreign.join(", ")} from elsewhere: they have no note of stack ${stack}, and other servers and certificates than this lab. Rename them, choose another file with --kubeconfig FILE, or replace them with --force.`,
    );

  const wanted = (name: unknown, kind: Kind): boolean => lab[kind.list].some((entry) => entry.name === name);
  const former = notedBefore(config, stack);
  const removed = removeWhere(
    config,
    (entry, kind) => isNoted(entry, kind, stack) && !wanted(entry["name"], kind),
  );
  const before = currentOf(config.document);
  const staying = before !== undefined && removed.includes(before) ? undefined : before;
  const inFile = use ?? staying ?? (elsewhere === undefined ? lab["current-context"] : undefined);
  const current = inFile ?? elsewhere;
  const isOwnContext = (name: string | undefined): boolean =>
    name !== undefined && (wanted(name, contexts) || removed.includes(name));
  const note: Note = {
    stack,
    before: isOwnContext(before) ? former : isOwnContext(current) ? before : undefined,
  };
  const changes = kinds.map((kind) =>
    lab[kind.list].map((entry) => put(config, kind, noted(entry, kind, note))).some(Boolean),
  );
  if (inFile !== before && inFile === undefined) config.document.delete("current-context");
  else if (inFile !== before) config.document.set("current-context", inFile);
  const isChanged = changes.some(Boolean) || removed.length > 0 || inFile !== before;
  return { text: isChanged ? write(config) : undefined, removed, current };
}

/**
 * Takes a lab's entries out of a kubeconfig, and those alone.
 *
 * @throws Failure where the text is no kubeconfig
 */
export function withdrawn(file: string, text: string, owner: Owner): Changed {
  const config = read(file, text);
  const before = kinds.map((kind) => entriesOf(config, kind).length);
  const former = notedBefore(config, owner.stack);
  const removed = removeWhere(config, (entry, kind) => isOwn(entry, kind, config, owner));
  const current = currentOf(config.document);
  const isLost = current !== undefined && removed.includes(current);
  const again = entriesOf(config, contexts).some(({ name }) => name === former) ? former : undefined;
  if (isLost && again !== undefined) config.document.set("current-context", again);
  else if (isLost) config.document.delete("current-context");
  const isChanged = kinds.some((kind, index) => entriesOf(config, kind).length !== before[index]);
  return { text: isChanged ? write(config) : undefined, removed, current: isLost ? again : current };
}

/** A kubeconfig with all that is in its text, also what the lab knows nothing of. */
interface Text {
  readonly document: Document;
  readonly lists: Readonly<Record<Kind["list"], YAMLSeq>>;
  /** Whether lists stand as far to the left as their keys, as kubectl writes them. */
  readonly isFlush: boolean;
}

function read(file: string, text: string): Text {
  const isEmpty = text.trim() === "";
  const lines = new LineCounter();
  // Without its own messages, which quote the text: there are keys in it.
  const document = parseDocument(isEmpty ? "apiVersion: v1\nkind: Config\n" : text, {
    prettyErrors: false,
    lineCounter: lines,
  });
  const refuse = (why: string): never => {
    throw new Failure(
      `${file} is no kubeconfig: ${why}. Mend it, or choose another file with --kubeconfig FILE.`,
    );
  };
  const [error] = document.errors;
  if (error !== undefined) refuse(`its line ${lines.linePos(error.pos[0]).line} is no YAML (${error.code})`);
  if (!isMap(document.contents)) return refuse("it is no mapping");
  const list = (key: Kind["list"]): YAMLSeq => {
    if ((document.get(key) ?? undefined) === undefined) document.set(key, document.createNode([]));
    const found = document.get(key);
    return isSeq(found) && found.items.every(isMap) ? found : refuse(`its ${key} are no list of entries`);
  };
  return {
    document,
    lists: { clusters: list("clusters"), users: list("users"), contexts: list("contexts") },
    isFlush: isEmpty || /^(clusters|users|contexts):\n-/m.test(text),
  };
}

const write = ({ document, isFlush }: Text): string =>
  document.toString({ lineWidth: 0, indentSeq: !isFlush });

const entriesOf = ({ lists }: Text, { list }: Kind): Entry[] => lists[list].toJSON() as Entry[];

const currentOf = (document: Document): string | undefined => {
  const current = document.get("current-context");
  return typeof current === "string" && current !== "" ? current : undefined;
};

/** Puts an entry in the place of the one of its name, or at the end; tells whether it was there as it is. */
function put({ document, lists }: Text, { list }: Kind, entry: Entry): boolean {
  const { items } = lists[list];
  const at = items.findIndex((item) => isMap(item) && item.get("name") === entry["name"]);
  if (at >= 0 && isDeepStrictEqual((items[at] as YAMLMap).toJSON(), entry)) return false;
  const node = document.createNode(entry);
  if (items.length === 0) lists[list].flow = false;
  items.splice(at >= 0 ? at : items.length, at >= 0 ? 1 : 0, node);
  return true;
}

/** Takes entries away; gives the names of the contexts among them. */
function removeWhere(config: Text, isMeant: (entry: Entry, kind: Kind) => boolean): string[] {
  const { lists } = config;
  // All are judged before the first one goes: contexts are by their clusters.
  const judged = kinds.map((kind) => entriesOf(config, kind).map((entry) => isMeant(entry, kind)));
  const removed = entriesOf(config, contexts).filter((_, at) => judged[kinds.indexOf(contexts)]?.[at]);
  for (const [index, { list }] of kinds.entries())
    lists[list].items = lists[list].items.filter((_, at) => judged[index]?.[at] !== true);
  return removed.map(({ name }) => String(name));
}
