/** A stand-in for Pulumi's Kubernetes provider plugin: the same waits, diffs, replacements and errors, in small. */
import { configFailures, unsupported } from "./kubernetes/config.ts";
import { createHelm } from "./kubernetes/helm.ts";
import { rawObjects } from "./kubernetes/raw.ts";
import { releases } from "./kubernetes/release.ts";
import { type Provider, serve } from "./server.ts";

const stopping = new AbortController();
const helm = createHelm();

// The Kubernetes client is large: a provider whose cluster is not known, as in a first preview, does without it.
async function open(args: Record<string, unknown>) {
  const { openSession } = await import("./kubernetes/session.ts");
  const session = await openSession(args, stopping.signal);
  return { raw: rawObjects(session), release: releases(session, helm) };
}
let opened: ReturnType<typeof open> | undefined;

/** The operations for a type of resource; the engine configures a provider before it asks for any. */
async function operations({ type }: { type: string }) {
  if (opened === undefined) throw new Error("the Kubernetes provider was used before it was configured");
  return (await opened)[type === "kubernetes:helm.sh/v3:Release" ? "release" : "raw"];
}

const provider: Provider = {
  name: "kubernetes",
  version: "4.34.2",
  checkConfig: async ({ news }) => ({ inputs: news, failures: configFailures(news) }),
  diffConfig: async ({ olds, news }) => {
    const { diffConfig } = await import("./kubernetes/kube-config.ts");
    return diffConfig(olds, news);
  },
  configure: async ({ args }) => {
    opened = open(args);
    // The engine starts one provider after the other, and each would wait for the one before to reach its cluster.
    opened.catch(() => undefined);
  },
  check: async (c) => (await operations(c)).check(c),
  diff: async (c) => (await operations(c)).diff(c),
  create: async (c) => (await operations(c)).create(c),
  read: async (c) => (await operations(c)).read(c),
  update: async (c) => (await operations(c)).update(c),
  delete: async (c) => (await operations(c)).delete(c),
  invoke: async ({ tok }) => {
    throw new Error(unsupported(tok));
  },
  cancel: () => {
    stopping.abort();
    helm.stop();
  },
};

serve(provider);
