import { findPackageJSON } from "node:module";
import { dirname } from "node:path";

/** The project's root directory. */
export const root = dirname(findPackageJSON(".", import.meta.url) ?? "");
