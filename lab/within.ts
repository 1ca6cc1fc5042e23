import { setTimeout as sleep } from "node:timers/promises";
import { ApiException } from "@kubernetes/client-node";

/** As long as anything in the lab may take to answer one request, in seconds. */
export const answerSeconds = 10;

/**
 * What a request answers, as long as it does so in time: an address that nobody answers for lets it hang for minutes.
 *
 * @throws what the request throws, or that there was no answer
 */
export async function within<T>(request: Promise<T>, seconds: number = answerSeconds): Promise<T> {
  const late = new AbortController();
  const silence = sleep(seconds * 1000, undefined, { signal: late.signal }).then(() => {
    throw new Error(`no answer within ${seconds} s`);
  });
  try {
    return await Promise.race([request, silence]);
  } finally {
    late.abort();
    silence.catch(() => undefined);
  }
}

const tooManyRequests = 429;
const pauseMs = 500;

/** Makes requests again as long as an API server puts them off, as it does while it gets ready for a kind. */
export async function untilTaken<T>(
  request: () => Promise<T>,
  until = Date.now() + answerSeconds * 1000,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const isPutOff = error instanceof ApiException && error.code === tooManyRequests;
    if (!isPutOff || Date.now() > until) throw error;
    await sleep(pauseMs);
    return untilTaken(request, until);
  }
}

/** An error in words; never the body of an answer, which may hold what was asked for. */
export function wordsOf(error: unknown): string {
  if (error instanceof ApiException) return `its API server answered ${error.code}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
