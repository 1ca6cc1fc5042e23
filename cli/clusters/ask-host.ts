import type { KubeConfig } from "@kubernetes/client-node";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { Failure } from "../../messages/failure.ts";
import { within } from "./within.ts";

/** As long as the host, or a cluster, may take for all that it is asked at once, in seconds. */
export const patienceSeconds = 15;

/**
 * What the host answers.
 *
 * @throws Failure where it does not
 */
export async function askHost<T>(host: KubeConfig, ask: () => Promise<T>): Promise<T> {
  try {
    return await within(ask(), { seconds: patienceSeconds, from: "it" });
  } catch (error) {
    throw new Failure(`The host (context ${host.getCurrentContext()}) does not answer: ${explain(error)}.`);
  }
}
