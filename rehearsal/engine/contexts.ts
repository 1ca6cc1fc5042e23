import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { type Kubeconfig, mergeKubeconfigs } from "../../values/kubeconfig.ts";
import { writeFileAtomically } from "../kit/files.ts";
import { withAddresses } from "../host/network/names.ts";
import { paths } from "../kit/paths.ts";

/** Puts the lab's contexts into the rehearsal's kubeconfig beside `host`; those of an earlier lab go. */
export function writeContexts(lab: string | undefined): void {
  const host = onlyContext("host", parse(readFileSync(paths.kubeconfig, "utf8")) as Kubeconfig);
  writeFileAtomically(
    paths.kubeconfig,
    // Users' programs do not know the names of load balancers.
    mergeKubeconfigs([stringify(host), ...(lab === undefined ? [] : [withAddresses(lab)])]),
  );
}

/** A kubeconfig with one of its contexts, and that is the current one. */
export function onlyContext(name: string, config: Kubeconfig): Kubeconfig {
  const contexts = config.contexts.filter((context) => context.name === name);
  return {
    ...config,
    contexts,
    clusters: config.clusters.filter((entry) =>
      contexts.some(({ context }) => context.cluster === entry.name),
    ),
    users: config.users.filter((entry) => contexts.some(({ context }) => context.user === entry.name)),
    "current-context": name,
  };
}
