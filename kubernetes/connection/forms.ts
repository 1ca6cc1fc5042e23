import { isMapping } from "../../schema/mapping.ts";

/** The parts of a kubeconfig as client-go documents them (`k8s.io/client-go/tools/clientcmd/api/v1`). */

/** From where paths in an entry start; undefined: from the current folder. */
interface Placed {
  readonly folder?: string;
}

export interface Cluster extends Placed {
  readonly server?: string;
  readonly "tls-server-name"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "proxy-url"?: string;
  readonly "disable-compression"?: boolean;
  readonly extensions?: readonly NamedExtension[];
}

interface NamedExtension {
  readonly name?: unknown;
  readonly extension?: unknown;
}

export interface User extends Placed {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly "as-uid"?: string;
  readonly "as-groups"?: readonly string[];
  readonly "as-user-extra"?: Readonly<Record<string, readonly string[]>>;
  readonly "auth-provider"?: AuthProvider;
  readonly exec?: ExecConfig;
}

export interface AuthProvider {
  readonly name?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** A program that gives credentials. */
export interface ExecConfig {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion?: string;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: string;
}

export interface Context extends Placed {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

/** Each kind of entry. */
export interface Entries {
  readonly cluster: Cluster;
  readonly user: User;
  readonly context: Context;
}

/** Whether a value has a form, and that form in words. */
interface Form {
  readonly inWords: string;
  readonly has: (value: unknown) => boolean;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isListOf =
  (has: Form["has"]): Form["has"] =>
  (value) =>
    Array.isArray(value) && value.every(has);
const isMappingOf =
  (has: Form["has"]): Form["has"] =>
  (value) =>
    isMapping(value) && Object.values(value).every(has);
const hasFields =
  (fields: Fields): Form["has"] =>
  (value) =>
    isMapping(value) && typeMistake(value, fields) === undefined;

type Fields = Readonly<Record<string, Form>>;

const text: Form = { inWords: "text", has: isText };
const flag: Form = { inWords: "true or false", has: (value) => typeof value === "boolean" };
const texts: Form = { inWords: "a list of texts", has: isListOf(isText) };
const base64: Form = {
  inWords: "base64",
  has: (value) => isText(value) && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value),
};

const execFields: Fields = {
  command: text,
  args: texts,
  env: { inWords: "a list of names and values", has: isListOf(hasFields({ name: text, value: text })) },
  apiVersion: text,
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text,
};

/** How each kind of entry is written. */
export const entryShapes: Readonly<
  Record<keyof Entries, { readonly list: string; readonly content: string; readonly fields: Fields }>
> = {
  cluster: {
    list: "clusters",
    content: "cluster",
    fields: {
      server: text,
      "tls-server-name": text,
      "insecure-skip-tls-verify": flag,
      "certificate-authority": text,
      "certificate-authority-data": base64,
      "proxy-url": text,
      "disable-compression": flag,
      extensions: { inWords: "a list of extensions", has: isListOf(isMapping) },
    },
  },
  user: {
    list: "users",
    content: "user",
    fields: {
      "client-certificate": text,
      "client-certificate-data": base64,
      "client-key": text,
      "client-key-data": base64,
      token: text,
      tokenFile: text,
      username: text,
      password: text,
      as: text,
      "as-uid": text,
      "as-groups": texts,
      "as-user-extra": { inWords: "lists of texts by their keys", has: isMappingOf(isListOf(isText)) },
      "auth-provider": {
        inWords: "a name and its config",
        has: hasFields({ name: text, config: { inWords: "texts by their keys", has: isMappingOf(isText) } }),
      },
      exec: { inWords: `a mapping of ${Object.keys(execFields).join(", ")}`, has: hasFields(execFields) },
    },
  },
  context: {
    list: "contexts",
    content: "context",
    fields: { cluster: text, user: text, namespace: text },
  },
};

/** Which field of a mapping has another type than expected; undefined if none. */
export function typeMistake(value: Readonly<Record<string, unknown>>, fields: Fields): string | undefined {
  for (const [key, { inWords, has }] of Object.entries(fields)) {
    const field = value[key] ?? undefined;
    if (field !== undefined && !has(field)) return `${key}: expected ${inWords}`;
  }
  return undefined;
}
