import type * as Kubernetes from "../../kubernetes/program.ts";

const built = new URL("../../dist/program/kubernetes.js", import.meta.url).href;

/**
 * All with which the program asks clusters, loaded only where there is something to ask: the library of clients is large.
 * From the one file that is made of it: the library's own are a thousand, which take most of a second.
 */
export const kubernetes = () => import(built) as Promise<typeof Kubernetes>;
