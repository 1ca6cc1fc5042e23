import { parse, stringify } from "yaml";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "../../kit/files.ts";
import type { Access } from "./kube-config.ts";

const named = z.looseObject({ name: z.string() });
const schema = z.looseObject({
  clusters: z.array(named).default([]),
  users: z.array(named).default([]),
  contexts: z.array(named).default([]),
  "current-context": z.string().optional(),
});

/**
 * Puts a context, its user of the same name, and its cluster into a kubeconfig file; others stay as they are.
 *
 * @param cluster name of the cluster's entry
 */
export function writeContext(file: string, { name, url, ca, cert, key }: Access, cluster: string): void {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const config = schema.parse(parse(readFileIfAny(file) ?? "{}"));
  const put = (entries: readonly z.infer<typeof named>[], entry: z.infer<typeof named>): object[] => [
    entry,
    ...entries.filter((other) => other.name !== entry.name),
  ];
  const merged = {
    apiVersion: "v1",
    kind: "Config",
    ...config,
    clusters: put(config.clusters, {
      name: cluster,
      cluster: { server: url, "certificate-authority-data": base64(ca) },
    }),
    users: put(config.users, {
      name,
      user: { "client-certificate-data": base64(cert), "client-key-data": base64(key) },
    }),
    contexts: put(config.contexts, { name, context: { cluster, user: name } }),
    "current-context": config["current-context"] ?? name,
  };
  writeFileAtomically(file, stringify(merged, { lineWidth: 0 }));
}
