import { isAtLeast } from "../../versions/versions.ts";

/** A program that the rehearsal runs. */
export interface Tool {
  /** Its place in the folder of programs; what has a folder of its own there has it in its name. */
  readonly name: string;
  /** Processor seconds that it takes to make, once those before it in its list are made. */
  readonly cost: number;
  /** Where it comes from if none is found. */
  readonly origin: Origin;
  /** Makes it print its version; absent: it does not know. */
  readonly versionArgs?: readonly string[];
  /** Which ones on PATH will do; absent: none. */
  readonly accepted?: Accepted;
  /** What a user does who cannot make it, beside the accepted ones on PATH. */
  readonly instead?: string;
}

/** Programs on PATH that will do. */
export interface Accepted {
  /** The version is at least this one, */
  readonly from: string;
  /** and older than this one. */
  readonly below: string;
  /** What must be true of a program of such a version, too. */
  readonly only?: (path: string, version: string) => boolean | Promise<boolean>;
}

/** A way to come by a program. */
export interface Origin {
  readonly verb: "build" | "fetch";
  /** What the machine must have for it. */
  readonly needs: readonly Need[];
  /** E.g. `v1.36.3`; undefined: only the program can tell, if anyone. */
  readonly version: () => string | undefined;
  /** Tells whether a program was made from the same. */
  readonly fingerprint: () => string;
  readonly make: (workplace: Workplace) => Promise<void>;
}

/** Where a program is made. */
export interface Workplace {
  /** The program must be here in the end. */
  readonly file: string;
  /** An empty folder for what is needed meanwhile, on the same file system as the folder of programs. */
  readonly folder: string;
  /** An open file for all that is printed. */
  readonly log: number;
  /** Tells the user something. */
  readonly say: (line: string) => void;
}

/** What a machine must have so that some tools can be made; undefined: it has. */
export type Need = (concerned: readonly Pick<Tool, "cost">[]) => Obstacle | undefined;

/** What keeps a machine from something. */
export interface Obstacle {
  readonly reason: string;
  /** What the user does about it. */
  readonly remedy: string;
}

/** The forms of an origin's verb. */
export const verbs = {
  build: { past: "built", present: "building" },
  fetch: { past: "fetched", present: "fetching" },
} as const;

/** The first thing in a program's answer that looks like a version, as `MAJOR.MINOR.PATCH`. */
export const versionIn = (output: string): string | undefined => /\bv?(\d+\.\d+\.\d+)/.exec(output)?.[1];

/** Whether a version will do. */
export const accepts = ({ from, below }: Accepted, version: string): boolean =>
  isAtLeast(version, from) && !isAtLeast(version, below);
