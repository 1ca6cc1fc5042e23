import { join } from "node:path";
import { z } from "zod";
import { choiceSchema } from "../../profile/choice.ts";
import { paths } from "../../kit/paths.ts";
import { readFileIfAny, writeFileAtomically } from "../../kit/files.ts";

/** A host of before there was a choice had simulated pods. */
const withPods = (choice: unknown): unknown =>
  choice === undefined ? undefined : { pods: "simulated", ...(choice as object) };

const schema = z.object({
  /** What was chosen when the host was made; undefined: there is no host. */
  choice: z.preprocess(withPods, choiceSchema.optional()),
  /** Port on 127.0.0.1 by purpose. */
  ports: z.record(z.string(), z.int().positive()).default({}),
  /** The second byte of the rehearsal's network 127.X.0.0/16. */
  network: z.int().min(1).max(254).optional(),
  /** The last byte of a load balancer address by "namespace/name" of its Service. */
  addresses: z.record(z.string(), z.int().min(2).max(254)).default({}),
});

/** What must be the same after a restart. */
type HostState = z.infer<typeof schema>;

/** The remembered state; every change is on disk before the next line runs. */
export interface HostFile {
  read(): HostState;
  update(change: (state: HostState) => HostState): void;
}

/** Opens a host file; one that does not exist is empty. */
export function openHostFile(path: string = join(paths.run, "host.json")): HostFile {
  const text = readFileIfAny(path);
  const parsed = schema.safeParse(text === undefined ? {} : JSON.parse(text));
  if (!parsed.success) {
    throw new Error(
      `${path} cannot be understood; remove it to start anew:\n${z.prettifyError(parsed.error)}`,
    );
  }
  let state = parsed.data;
  return {
    read: () => state,
    update(change) {
      state = change(state);
      writeFileAtomically(path, `${JSON.stringify(state, undefined, 1)}\n`);
    },
  };
}

/** Says that there is no host any more; ports and network stay reserved for the next one. */
export function forgetHost(): void {
  openHostFile().update((state) => ({ ...state, choice: undefined }));
}
