/** Which cluster a provider's configuration means, and when a change of it means another cluster. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { type Diff, isObject, type Props } from "../provider.ts";
import { holdsUnknown, text } from "./object.ts";

/** The kubeconfig a provider means: a path or the content, else the ambient one; its context and cluster applied. */
export function loadKubeConfig(args: Props): KubeConfig {
  const kubeConfig = new KubeConfig();
  const given = args["kubeconfig"];
  const source = isObject(given)
    ? JSON.stringify(given)
    : text(args, "kubeconfig").replace(/^~(?=$|\/)/, homedir());
  if (source === "") kubeConfig.loadFromDefault();
  else if (existsSync(source)) kubeConfig.loadFromFile(source);
  else kubeConfig.loadFromString(source);

  const context = text(args, "context") || kubeConfig.getCurrentContext();
  kubeConfig.setCurrentContext(context);
  const cluster = text(args, "cluster");
  if (cluster !== "") {
    kubeConfig.contexts = kubeConfig.contexts.map((c) => (c.name === context ? { ...c, cluster } : c));
  }
  return kubeConfig;
}

/** The stanza of the active cluster without its name: what tells one cluster from another. */
function activeCluster(config: Props): object | undefined {
  const cluster = "kubeconfig" in config ? loadKubeConfig(config).getCurrentCluster() : null;
  return cluster === null ? undefined : { ...cluster, name: "" };
}

/**
 * A provider is replaced, with everything in it, when its active cluster changes or might change.
 * A `clusterIdentifier` that stays the same says that it is still the same cluster.
 */
export function diffConfig(olds: Props, news: Props): Diff {
  const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
  const diffs = [...keys].filter((key) => !isDeepStrictEqual(olds[key], news[key]));
  if (diffs.length === 0) return { changed: false };

  const [before, now] = [olds["clusterIdentifier"], news["clusterIdentifier"]];
  if (now !== undefined && now === before) return { changed: true, diffs };
  const identified = now !== undefined && before !== undefined ? ["clusterIdentifier"] : [];

  const which = ["kubeconfig", "context", "cluster"];
  const unknown = which.find((key) => holdsUnknown(news[key]));
  if (unknown !== undefined) return { changed: true, diffs: [unknown], replaces: [...identified, unknown] };

  const [oldCluster, newCluster] = [activeCluster(olds), activeCluster(news)];
  const moved =
    oldCluster !== undefined && newCluster !== undefined && !isDeepStrictEqual(oldCluster, newCluster);
  return {
    changed: true,
    diffs,
    replaces: [...identified, ...(moved ? which.filter((key) => diffs.includes(key)) : [])],
  };
}
