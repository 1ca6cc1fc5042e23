import { parse, stringify } from "yaml";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "./files.ts";
import type { Access } from "./kube-config.ts";

const named = z.looseObject({ name: z.string() });
const schema = z.looseObject({
  clusters: z.array(named).default([]),
  users: z.array(named).default([]),
  contexts: z.array(named).default([]),
  "current-context": z.string().optional(),
});

/** Puts a context, its cluster and its user, all of the same name, into a kubeconfig file; others stay as they are. */
export function writeContext(file: string, { name, url, ca, cert, key }: Access): void {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const config = schema.parse(parse(readFileIfAny(file) ?? "{}"));
  const put = (entries: readonly z.infer<typeof named>[], entry: object): object[] => [
    { name, ...entry },
    ...entries.filter((other) => other.name !== name),
  ];
  const merged = {
    apiVersion: "v1",
    kind: "Config",
    ...config,
    clusters: put(config.clusters, { cluster: { server: url, "certificate-authority-data": base64(ca) } }),
    users: put(config.users, {
      user: { "client-certificate-data": base64(cert), "client-key-data": base64(key) },
    }),
    contexts: put(config.contexts, { context: { cluster: name, user: name } }),
    "current-context": config["current-context"] ?? name,
  };
  writeFileAtomically(file, stringify(merged, { lineWidth: 0 }));
}
