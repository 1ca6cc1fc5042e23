import { performance } from "node:perf_hooks";

/** What one request came to: a status code, or in words why there is none. */
export type Outcome = string;

/** Requests to one URL, as far as they have ended. */
export interface Tally {
  readonly url: string;
  /** How many were to be made. */
  readonly wanted: number;
  /** How many ended in each way, e.g. `{"200": 100, refused: 1}`. */
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Milliseconds that each answer took, with its body; what got none is not in it. */
  readonly latencies: readonly number[];
}

export interface RequestArgs {
  readonly url: string;
  readonly count: number;
  /** Requests under way at a time; they go on with the connections of those before. */
  readonly concurrency: number;
  /** As long as one may take. */
  readonly timeoutMs: number;
  /** Ends all of it; what is then under way is not counted. */
  readonly signal: AbortSignal;
  /** Is told after each. */
  readonly onProgress?: (tally: Tally) => void;
}

/** Errors of Node's sockets, in words. */
const errorWords: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  EAI_AGAIN: "no such host",
  ENOTFOUND: "no such host",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ETIMEDOUT: "timeout",
  UND_ERR_CONNECT_TIMEOUT: "timeout",
};

/** Makes requests until there are enough of them, or until it is told to end. */
export async function makeRequests(args: RequestArgs): Promise<Tally> {
  const { url, count, concurrency, signal, onProgress } = args;
  const outcomes: Record<Outcome, number> = {};
  const latencies: number[] = [];
  const tally = { url, wanted: count, outcomes, latencies };
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < count && !signal.aborted) {
      begun += 1;
      const { outcome, milliseconds } = await makeRequest(args);
      if (outcome === undefined) return;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (milliseconds !== undefined) latencies.push(milliseconds);
      onProgress?.(tally);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, work));
  return tally;
}

/** One request; without an outcome, it was told to end. */
async function makeRequest({ url, timeoutMs, signal }: RequestArgs): Promise<{
  readonly outcome?: Outcome;
  readonly milliseconds?: number;
}> {
  const start = performance.now();
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.any([signal, late]) });
    // Only a body that was read to its end leaves the connection to the next request.
    await response.arrayBuffer();
    return { outcome: String(response.status), milliseconds: performance.now() - start };
  } catch (error) {
    if (signal.aborted) return {};
    return { outcome: late.aborted ? "timeout" : inWords(error) };
  }
}

function inWords(error: unknown): Outcome {
  const { code, message } = (error as { cause?: { code?: string; message?: string } }).cause ?? {};
  return errorWords[code ?? ""] ?? code ?? message ?? String(error);
}

/** How many requests have ended. */
export const ended = ({ outcomes }: Tally): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0);

/**
 * The value that this part of all is not above.
 *
 * @param part e.g. 0.95
 * @returns undefined where there are none
 */
export function percentile(values: readonly number[], part: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}
