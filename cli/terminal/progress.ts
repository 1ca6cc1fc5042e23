/** How long a step may take before it is told, and how often it is told then. */
const intervals = { quietSeconds: 3, repeatSeconds: 10 };

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
    timer = setTimeout(tell, intervals.repeatSeconds * 1000);
  };
  timer = setTimeout(tell, intervals.quietSeconds * 1000);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
