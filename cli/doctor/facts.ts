import { type KubeConfig, VersionApi, type V1Node, CoreV1Api } from "@kubernetes/client-node";
import type { CheckedSettings } from "../../config/settings.ts";
import { clusterNames } from "../../config/clusters.ts";
import { findHost } from "../../config/ambient-host.ts";
import { within } from "../clusters/within.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { Failure } from "../../messages/failure.ts";
import { type Configuration, hostOf, readConfiguration, readStack, settingsFrom } from "../stack/lab.ts";
import { NoPulumi, pulumi } from "../stack/pulumi.ts";
import type { PlannedPods } from "../rendered/planned-pods.ts";
import { podsOf } from "../rendered/pods.ts";
import { type RenderedRelease, renderLabs } from "../rendered/render.ts";
import { Fact, Unmet } from "./check.ts";

/** The cluster that everything is to run in. */
interface ReachedHost {
  readonly config: KubeConfig;
  readonly context: string;
  readonly server: string;
  /** Version of its Kubernetes, e.g. `v1.36.3`. */
  readonly version: string;
}

/** What several checks look at. */
export interface Facts {
  /** Where Pulumi keeps state. */
  readonly login: Fact<string>;
  /** Name of the stack. */
  readonly stack: Fact<string>;
  readonly configuration: Fact<Configuration>;
  /** Those of the stack; without one, those of a lab of two workload clusters. */
  readonly settings: Fact<CheckedSettings>;
  /** Identities of the namespaces in the stack's state. */
  readonly ownNamespaces: Fact<ReadonlySet<string>>;
  readonly host: Fact<ReachedHost>;
  readonly nodes: Fact<readonly V1Node[]>;
  readonly releases: Fact<readonly RenderedRelease[]>;
  /** Every pod of the lab. */
  readonly pods: Fact<readonly PlannedPods[]>;
}

const seconds = { pulumi: 30, host: 15, render: 80 };

/** What a host is judged by as long as there is no stack. */
const usualLab = {
  workloads: ["devcluster1", "devcluster2"].map((name) => ({ name, bookinfo: {} })),
};

export function createFacts(): Facts {
  const login = new Fact("a login of Pulumi", seconds.pulumi, async () => {
    const { url } = JSON.parse(await unlessMissing(pulumi("whoami", "--json"))) as { url?: string };
    return url ?? "";
  });
  const stack = new Fact("a stack", seconds.pulumi * 2, async () => {
    await login.needed();
    return readStack();
  });
  const configuration = new Fact("the stack's configuration", seconds.pulumi * 3, async () => {
    await stack.needed();
    return readConfiguration();
  });
  const settings = new Fact("a configuration without mistakes", seconds.pulumi * 4, async () => {
    const hasStack = await stack.needed().then(
      () => true,
      () => false,
    );
    return settingsFrom(hasStack ? await configuration.needed() : { input: usualLab, secretKeys: new Set() });
  });
  const host = new Fact("the host", seconds.pulumi * 4 + seconds.host, async () =>
    reached(await settings.needed()),
  );
  const releases = new Fact("the lab's charts", seconds.render, async () => {
    const lab = await settings.needed();
    // Without a host there is still something to tell of the charts.
    const version = await within(host.needed(), { seconds: seconds.host }).then(
      (reachedHost) => reachedHost.version,
      () => undefined,
    );
    const [rendered = []] = await renderLabs([lab], version);
    return rendered;
  });
  return {
    login,
    stack,
    configuration,
    settings,
    ownNamespaces: new Fact("the stack's state", seconds.pulumi * 3, async () => {
      const hasStack = await stack.needed().then(
        () => true,
        () => false,
      );
      return hasStack ? namespacesIn(await pulumi("stack", "export")) : new Set<string>();
    }),
    host,
    nodes: new Fact("the host's nodes", seconds.host * 2, async () => {
      const { config } = await host.needed();
      return (await config.makeApiClient(CoreV1Api).listNode()).items;
    }),
    releases,
    pods: new Fact("the lab's charts", seconds.render, async () =>
      podsOf(await settings.needed(), await releases.get()),
    ),
  };
}

const unlessMissing = async <T>(run: Promise<T>): Promise<T> => {
  try {
    return await run;
  } catch (error) {
    throw error instanceof NoPulumi ? new Unmet("pulumi") : error;
  }
};

/** Identities of the namespaces that a state has, of the host and inside of virtual clusters. */
export function namespacesIn(exported: string): ReadonlySet<string> {
  const { deployment = {} } = JSON.parse(exported) as {
    deployment?: {
      resources?: { type: string; outputs?: { metadata?: { uid?: string } } }[];
    };
  };
  return new Set(
    (deployment.resources ?? []).flatMap(({ type, outputs }) =>
      type === "kubernetes:core/v1:Namespace" ? (outputs?.metadata?.uid ?? []) : [],
    ),
  );
}

async function reached(settings: CheckedSettings): Promise<ReachedHost> {
  const [mistake] = findHost(settings.hostContext, clusterNames({ ...settings })).mistakes;
  if (mistake !== undefined) throw new Failure(`${mistake.path}: ${mistake.message}`);
  const config = hostOf(settings);
  const [context, server] = [config.getCurrentContext(), config.getCurrentCluster()?.server ?? ""];
  try {
    const { gitVersion } = await config.makeApiClient(VersionApi).getCode();
    return { config, context, server, version: gitVersion };
  } catch (error) {
    throw new Failure(`context ${context}, ${server}: ${explain(error)}`);
  }
}
