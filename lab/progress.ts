/** How long a step may take before it is told, and how often it is told then. */
const pace = { quietSeconds: 3, repeatSeconds: 10 };

/** Does some work that may take a while; on standard error it is told what is being done, and for how long already. */
export async function step<T>(
  what: string,
  work: () => Promise<T>,
  say: (line: string) => void = console.error,
): Promise<T> {
  const start = Date.now();
  let timer: NodeJS.Timeout;
  const tell = (): void => {
    say(`${what} (${Math.round((Date.now() - start) / 1000)} s)`);
    timer = setTimeout(tell, pace.repeatSeconds * 1000);
  };
  timer = setTimeout(tell, pace.quietSeconds * 1000);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for an answer for some time only: an address that nobody answers for lets a request hang for minutes.
 *
 * @param from who is to answer, e.g. `the host`
 * @throws Error that says so
 */
export async function within<T>(seconds: number, from: string, answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`no answer from ${from} within ${seconds} s`));
  }, seconds * 1000);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Says on standard error that something begins, and after how many seconds it was done. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  console.error(`${what} ...`);
  const result = await work();
  console.error(`${what}: done (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}
