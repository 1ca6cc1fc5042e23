import { join } from "node:path";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";

/** What the bench keeps of its own, beside what a rehearsal keeps. */
export const folders = {
  /** The files of the article's commands, and the kubeconfigs that they write. */
  article: join(rehearsalDir, "article"),
  /** The empty program and its state. */
  empty: join(rehearsalDir, "empty"),
} as const;
