import { createHash } from "node:crypto";

/** A short text that differs where values differ, for what is to happen again when they change. */
export const digest = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value, sorted)).digest("hex").slice(0, 12);

/** The order of keys says nothing. */
const sorted = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
