/** How many requests an exercise sends at the most. */
export const mostRequests = 1000;

/** How many requests show what happens to this share of them, all but surely: it is missed once in ten thousand tries. */
export const timesFor = (percent: number): number =>
  percent >= 100 ? 1 : Math.ceil(Math.log(1e-4) / Math.log(1 - percent / 100));

/** Whether so many of all requests can be this share of them: within four standard deviations, and one request. */
export function isShare(seen: number, all: number, percent: number): boolean {
  const part = percent / 100;
  const distance = Math.abs(seen - all * part);
  const isPresent = percent === 0 || all < timesFor(percent) || seen > 0;
  return isPresent && distance <= 4 * Math.sqrt(all * part * (1 - part)) + (percent % 100 === 0 ? 0 : 1);
}
