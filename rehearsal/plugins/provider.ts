/** What a stand-in plugin is: a provider over plain JSON. `server.ts` serves it to the Pulumi engine. */

/** Stands for a value that is not known yet: the engine's own sentinel. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * Plain JSON. The engine takes the secret marks off before it calls, and marks what comes back under the path of a
 * secret input; `secret` marks the rest.
 */
export type Props = Record<string, unknown>;

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Marks an output as secret that no secret input of the same path stands for. */
export const secret = (value: unknown): Props => ({ [signature]: secretSignature, value });

export const isObject = (v: unknown): v is Props => typeof v === "object" && v !== null && !Array.isArray(v);

/** The value without its secret marks. */
export function plain(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(plain);
  if (!isObject(v)) return v;
  if (v[signature] === secretSignature) return plain(v["value"]);
  return Object.fromEntries(Object.entries(v).map(([key, member]) => [key, plain(member)]));
}

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

export interface Diff {
  readonly changed: boolean;
  readonly diffs?: readonly string[];
  readonly replaces?: readonly string[];
  readonly detailedDiff?: Readonly<Record<string, { kind: DiffKind }>>;
}

/** Why an input cannot be used. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  readonly inputs: Props;
  readonly failures?: readonly Failure[];
}

export interface Named {
  readonly urn: string;
  readonly type: string;
}
export interface Existing extends Named {
  readonly id: string;
}
export interface Changed extends Existing {
  readonly oldInputs: Props;
  readonly olds: Props;
  readonly news: Props;
}
export interface Write {
  readonly preview: boolean;
  /** Seconds; 0 stands for the provider's own default. */
  readonly timeout: number;
}

/** What a plugin does. Left out: checks accept, reads and deletes agree, everything else is "not implemented". */
export interface Provider {
  readonly name: string;
  readonly version: string;
  check?(c: Named & { olds: Props; news: Props }): Promise<Checked>;
  diff?(c: Changed): Promise<Diff>;
  create?(c: Named & Write & { inputs: Props }): Promise<{ id: string; outputs: Props }>;
  /** An empty id in the answer says that the resource is gone. */
  read?(
    c: Existing & { inputs: Props; state: Props },
  ): Promise<{ id: string; inputs: Props; outputs: Props }>;
  update?(c: Changed & Write): Promise<{ outputs: Props }>;
  delete?(c: Existing & { inputs: Props; state: Props; timeout: number }): Promise<void>;
  invoke?(c: { tok: string; args: Props }): Promise<Props>;
  /** The user gave up or the engine leaves: end what is under way, soon. */
  cancel?(): void;
}
