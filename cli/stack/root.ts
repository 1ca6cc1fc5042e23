import { findPackageJSON } from "node:module";
import { dirname } from "node:path";

/** The project's root directory; not told by this file's own, which in a rehearsal is that of a bundle. */
export const root = dirname(findPackageJSON(".", import.meta.url) ?? "");
