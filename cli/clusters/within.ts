/** As long as anything in the lab may take to answer one request, in seconds. */
const answerSeconds = 10;

/** How long to wait, and for whom. */
export interface Patience {
  /** Default: as long as one request may take. */
  readonly seconds?: number;
  /** Who is to answer, e.g. `the host`, for the error. */
  readonly from?: string;
}

/**
 * What somebody answers, as long as they do so in time: an address that nobody answers for lets a request hang for
 * minutes.
 *
 * @throws what the request throws, or that there was no answer
 */
export async function within<T>(
  answer: Promise<T>,
  { seconds = answerSeconds, from }: Patience = {},
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`no answer${from === undefined ? "" : ` from ${from}`} within ${seconds} s`));
  }, seconds * 1000);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}
