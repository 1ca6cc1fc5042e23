import { setTimeout as sleep } from "node:timers/promises";
import {
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Service,
} from "@kubernetes/client-node";
import { delayOf, type Timing } from "../../profile/delays.ts";
import type { HostSettings } from "../../profile/settings.ts";
import { createAddresses } from "./addresses.ts";
import { isNotFound } from "../../kit/api-errors.ts";
import { type Endpoint, listenersOf, type NodeAddress } from "./listeners.ts";
import type { Stop } from "../base/env.ts";
import { createForwarding } from "./forwarding.ts";
import { type Dial, toPort } from "./forward.ts";
import type { HostFile } from "../base/host-file.ts";
import { nameOf } from "./names.ts";
import { watch } from "../base/watch.ts";

/** A Service by name. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Gives every LoadBalancer Service of the host an address of its own, and lets connections in there and at node ports. */
export interface LoadBalancer {
  /** Where connections to this Service from outside lead to on 127.0.0.1; undefined refuses them. */
  setBackend(service: ServiceName, port: number | undefined): void;
}

export interface LoadBalancerOptions {
  readonly host: KubeConfig;
  readonly hostFile: HostFile;
  readonly network: number;
  readonly kind: HostSettings["loadBalancer"];
  readonly nodes: readonly NodeAddress[];
  /** Opens a connection inside of a host that has a network of its own; absent: each backend is set by who runs it. */
  readonly dialInside?: ((endpoint: Endpoint) => ReturnType<Dial>) | undefined;
  /** Says how long a Service waits for its address. */
  readonly timing: Timing;
  readonly log: (line: string) => void;
}

/** A load balancer as its owner sees it. */
export interface RunningLoadBalancer extends LoadBalancer {
  /** Whether the Service takes connections wherever it can be reached from outside, if it can be at all. */
  isReachable(service: ServiceName): boolean;
  readonly stop: Stop;
}

/** Starts the load balancer; a Service that had an address before a restart has the same one after it. */
export async function startLoadBalancer(options: LoadBalancerOptions): Promise<RunningLoadBalancer> {
  const { host, hostFile, network, kind, nodes, timing, dialInside, log } = options;
  const core = host.makeApiClient(CoreV1Api);
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const addresses = createAddresses(hostFile, network);
  const forwarding = createForwarding(log);

  const existing = await core.listServiceForAllNamespaces();
  addresses.keepOnly(new Set(existing.items.filter(isLoadBalancer).map(ownerOf)));

  function openDoors(service: V1Service): void {
    const owner = ownerOf(service);
    forwarding.setListeners(owner, listenersOf(service, nodes, addresses.of(owner)));
    if (dialInside !== undefined)
      forwarding.setBackend(owner, { name: "its cluster", dial: ({ inside }) => dialInside(inside) });
  }

  async function give(service: V1Service): Promise<void> {
    const owner = ownerOf(service);
    const isNew = addresses.of(owner) === undefined;
    if (isNew) await sleep(delayOf(timing, "loadBalancer", owner) * 1000);
    const address = addresses.take(owner);
    openDoors(service);
    const ingress = kind === "hostname" ? { hostname: nameOf(address) } : { ip: address };
    const current = service.status?.loadBalancer?.ingress ?? [];
    if (current.length === 1 && current[0]?.ip === ingress.ip && current[0]?.hostname === ingress.hostname)
      return;
    await setIngress(service, [ingress]);
    log(`load balancer: ${owner} has ${address}`);
  }

  async function takeBack(service: V1Service): Promise<void> {
    const owner = ownerOf(service);
    if (addresses.of(owner) === undefined) return;
    if (service.metadata?.deletionTimestamp === undefined) await setIngress(service, null);
    addresses.release(owner);
    openDoors(service);
  }

  async function setIngress({ metadata }: V1Service, ingress: object[] | null): Promise<void> {
    const { name = "", namespace = "" } = metadata ?? {};
    try {
      await core.patchNamespacedServiceStatus(
        { name, namespace, body: { status: { loadBalancer: { ingress } } } },
        merge,
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const stopWatch = watch<V1Service>(
    host,
    "/api/v1/services",
    {
      async changed(service) {
        // Node ports need not wait for a load balancer.
        openDoors(service);
        if (!isLoadBalancer(service)) await takeBack(service);
        else if (kind !== "none") await give(service);
      },
      deleted(service) {
        const owner = ownerOf(service);
        forwarding.setListeners(owner, []);
        if (dialInside !== undefined) forwarding.setBackend(owner, undefined);
        addresses.release(owner);
      },
    },
    log,
  );

  return {
    setBackend({ namespace, name }, port) {
      const backend = port === undefined ? undefined : { name: `127.0.0.1:${port}`, dial: toPort(port) };
      forwarding.setBackend(`${namespace}/${name}`, backend);
    },
    isReachable: ({ namespace, name }) => forwarding.isOpen(`${namespace}/${name}`),
    async stop() {
      await stopWatch();
      await forwarding.stop();
    },
  };
}

const ownerOf = ({ metadata }: V1Service): string => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;

const isLoadBalancer = ({ metadata, spec }: V1Service): boolean =>
  spec?.type === "LoadBalancer" && metadata?.deletionTimestamp === undefined;
