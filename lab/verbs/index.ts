import { pods } from "./pods.ts";

/** Every verb, in the order of the help. */
export const verbs = [pods];
