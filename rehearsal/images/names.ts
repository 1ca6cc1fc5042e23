import type { Index, KeptImage } from "./store.ts";

/** A name whose first part looks like a host names its registry. */
const host = /^[^/]*[.:][^/]*\//;

/** What is asked for: a repository with its registry, and a tag or a digest. */
export interface Wish {
  /** E.g. `docker.io/istio/proxyv2`. */
  readonly repository: string;
  /** E.g. `1.30.3`, or `sha256:` and so on. */
  readonly reference: string;
}

/**
 * The image that is asked for; undefined: there is none.
 *
 * @param mirrors e.g. `registry.example.com/mirror`: a name below it stands for the image of that path, whatever its
 * registry is, as it does where the lab is given a mirror
 */
export function imageFor(
  { images }: Index,
  { repository, reference }: Wish,
  mirrors: readonly string[],
): KeptImage | undefined {
  if (reference.startsWith("sha256:"))
    return Object.values(images).find(({ digest }) => digest === reference);
  const full = `${repository}:${reference}`;
  const own = images[host.test(full) ? full : `docker.io/${full}`];
  if (own !== undefined) return own;
  const mirror = mirrors.find((each) => full.startsWith(`${each}/`));
  if (mirror === undefined) return undefined;
  const path = full.slice(mirror.length + 1);
  return Object.entries(images).find(([name]) => name.replace(host, "") === path)?.[1];
}
