import { join } from "node:path";

// Before anything reads it: files run side by side, and each of them has what it does to a host for itself.
const { REHEARSAL_DIR = "", VITEST_POOL_ID = "" } = process.env;
process.env["REHEARSAL_DIR"] = join(REHEARSAL_DIR, VITEST_POOL_ID);
