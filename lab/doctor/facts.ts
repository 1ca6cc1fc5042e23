import { type KubeConfig, VersionApi, type V1Node, CoreV1Api } from "@kubernetes/client-node";
import type { CheckedSettings } from "../../config/check.ts";
import { clusterNames } from "../../config/contradictions.ts";
import { findHost } from "../../config/ambient-host.ts";
import { explain } from "../../kubernetes/unreached.ts";
import { Failure } from "../failure.ts";
import { type Configuration, hostOf, readConfiguration, settingsFrom } from "../lab.ts";
import { type PlannedPods, podsOf } from "../rendered/pods.ts";
import { renderLabs } from "../rendered/render.ts";
import { Fact } from "./check.ts";

/** The cluster that everything is to run in. */
export interface ReachedHost {
  readonly config: KubeConfig;
  readonly context: string;
  readonly server: string;
  /** Version of its Kubernetes, e.g. `v1.36.3`. */
  readonly version: string;
}

/** What several checks look at. */
export interface Facts {
  readonly configuration: Fact<Configuration>;
  readonly settings: Fact<CheckedSettings>;
  readonly host: Fact<ReachedHost>;
  readonly nodes: Fact<readonly V1Node[]>;
  /** Every pod of the lab. */
  readonly pods: Fact<readonly PlannedPods[]>;
}

const seconds = { pulumi: 30, host: 15, render: 80 };

export function createFacts(): Facts {
  const configuration = new Fact("the stack's configuration", seconds.pulumi, readConfiguration);
  const settings = new Fact("a configuration without mistakes", seconds.pulumi, async () =>
    settingsFrom(await configuration.needed()),
  );
  const host = new Fact("the host", seconds.pulumi + seconds.host, async () =>
    reached(await settings.needed()),
  );
  return {
    configuration,
    settings,
    host,
    nodes: new Fact("the host's nodes", seconds.host * 2, async () => {
      const { config } = await host.needed();
      return (await config.makeApiClient(CoreV1Api).listNode()).items;
    }),
    pods: new Fact("the lab's charts", seconds.render, async () => {
      const lab = await settings.needed();
      const [releases = []] = await renderLabs([lab]);
      return podsOf(lab, releases);
    }),
  };
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
