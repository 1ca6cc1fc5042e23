/** A name whose first part looks like a host names its registry; every other image is on Docker Hub. */
const host = /^[^/]*[.:][^/]*\//;

/**
 * Where an image is pulled from: with a mirror, from there, under the path that it has in its own registry.
 *
 * @param image e.g. `docker.io/istio/proxyv2:1.12.6`, or the same without a tag
 * @param mirror e.g. `registry.example.com/mirror`
 */
export const mirrored = (image: string, mirror: string | undefined): string =>
  mirror === undefined ? image : `${mirror}/${image.replace(host, "")}`;
