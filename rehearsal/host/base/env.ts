import type { HostSettings } from "../../profile/settings.ts";
import type { Etcd } from "./etcd.ts";
import type { Pki } from "./pki.ts";
import type { Ports } from "./ports.ts";
import type { ProcessGroup } from "./processes.ts";

/** What every part of the rehearsal's host shares. */
export interface HostEnv {
  readonly settings: HostSettings;
  /** The second byte of the rehearsal's network 127.X.0.0/16. */
  readonly network: number;
  readonly processes: ProcessGroup;
  readonly pki: Pki;
  readonly ports: Ports;
  readonly etcd: Etcd;
  readonly log: (line: string) => void;
}

/** Ends something that was started; resolves when it has ended. */
export type Stop = () => Promise<void>;
