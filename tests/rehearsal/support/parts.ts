import type * as pulumi from "@pulumi/pulumi";
import { Bookinfo } from "../../../components/bookinfo.ts";
import { Host } from "../../../components/base/host.ts";
import { IstioStack } from "../../../components/istio-stack.ts";
import { VCluster, vclusterArgs } from "../../../components/vcluster.ts";
import { proxiesOf, workloadReleases } from "../../../plan/releases.ts";
import { paths } from "../../../rehearsal/kit/paths.ts";
import { labConfig } from "../../support/config.ts";

/** Settings of a host that has room for what every test of a file builds: nothing need be taken away between them. */
export const roomForAll = { nodes: [{ count: 1, cpu: 64, memory: "256Gi" }] };

/** The configuration of a lab of one workload cluster on the rehearsal's host. */
export const oneWorkload = (name: string, more: object = {}) =>
  labConfig({
    hostContext: "host",
    charts: paths.charts,
    management: { name: "mgmt" },
    workloads: [{ name }],
    timeoutSeconds: 30,
    // Its host is of today, and its pods are simulated.
    anyHost: true,
    ...more,
  });

/** A virtual cluster as the lab makes it, and what is needed to go on in it. */
export function vclusterOf(
  name: string,
  settings = oneWorkload(name),
  transformations: pulumi.ResourceTransformation[] = [],
) {
  const [cluster] = settings.workloads;
  if (cluster === undefined) throw new Error("no workload cluster");
  const host = new Host(`${name}-host`, settings);
  const proxies = proxiesOf(settings, cluster);
  const releases = workloadReleases(settings, cluster, {
    serviceCidr: host.serviceCidr,
    relayAddress: "relay.invalid:9900",
    proxies,
  });
  const vcluster = new VCluster(name, vclusterArgs(settings, { cluster, release: releases.vcluster, host }), {
    providers: [host.provider],
    transformations,
  });
  return { settings, cluster, host, releases, proxies, vcluster };
}

/** Istio in a virtual cluster, as the lab makes both. */
export function istioIn(name: string, opts: pulumi.ComponentResourceOptions = {}, given = oneWorkload(name)) {
  const parts = vclusterOf(name, given);
  const { settings, cluster, host, releases, vcluster } = parts;
  const istio = new IstioStack(
    "istio",
    { ...settings, cluster, kubeconfig: vcluster.kubeconfig, releases, settings, host, localities: [] },
    { ...vcluster.lifecycle, providers: [vcluster.provider], ...opts },
  );
  return { ...parts, istio };
}

/** Bookinfo, with Istio, in a virtual cluster, as the lab makes all of it. */
export function bookinfoIn(name: string) {
  const { settings, cluster, host, proxies, vcluster, istio } = istioIn(name);
  const { kubeconfig } = vcluster;
  new Bookinfo(
    "bookinfo",
    {
      ...settings,
      cluster,
      kubeconfig,
      host,
      reviews: ["v1"],
      tag: settings.versions.bookinfo,
      injection: [istio.istiod],
      proxies,
    },
    { ...vcluster.lifecycle, providers: [vcluster.provider] },
  );
}
