/** Says on standard error that something begins, and after how many seconds it was done. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  console.error(`${what} ...`);
  const result = await work();
  console.error(`${what}: done (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}
