import { basename, dirname, join } from "node:path";
import { root } from "../kit/paths.ts";
import { envoyOrigin } from "./envoy.ts";
import { goModule } from "./go-module.ts";
import { type GoProgram, goOrigin } from "./go-program.ts";
import { moduleFileOrigin } from "./module-file.ts";
import { busyboxOrigin, nftOrigin } from "./nft.ts";
import { isStatic } from "./static.ts";
import { versionOf } from "./survey.ts";
import type { Tool } from "./tool.ts";

/** What most of them are built from: one go.mod, so that they share what is compiled. */
const shared = goModule(import.meta.dirname);
const own = (folder: string) => goModule(join(import.meta.dirname, folder));

/** What the rehearsal needs in any case; the order is the order of building. */
export const tools: readonly Tool[] = [
  {
    name: "etcd",
    cost: 61,
    versionArgs: ["--version"],
    accepted: { from: "3.6.0", below: "3.7.0" },
    origin: goOrigin({
      module: shared,
      package: "go.etcd.io/etcd/server/v3",
      pin: "go.etcd.io/etcd/server/v3",
    }),
  },
  kubernetes("kube-apiserver", 280),
  kubernetes("kube-controller-manager", 78),
  kubernetes("kube-scheduler", 5),
  {
    ...kubernetes("kubectl", 18),
    versionArgs: ["version", "--client"],
    // Kubernetes allows kubectl to be one minor version away from the API server, and two are known to do.
    accepted: { from: "1.34.0", below: "1.38.0" },
  },
  {
    name: "kwok",
    cost: 11,
    versionArgs: ["--version"],
    accepted: { from: "0.8.0", below: "0.9.0" },
    origin: goOrigin({ module: shared, package: "sigs.k8s.io/kwok/cmd/kwok", pin: "sigs.k8s.io/kwok" }),
  },
  {
    name: "helm",
    cost: 3,
    versionArgs: ["version", "--template={{.Version}}"],
    accepted: { from: "3.18.0", below: "4.0.0" },
    origin: goOrigin({
      module: shared,
      package: "helm.sh/helm/v3/cmd/helm",
      pin: "helm.sh/helm/v3",
      variables: (pin) => ({ "helm.sh/helm/v3/internal/version.version": pin }),
    }),
  },
  {
    name: "pulumi",
    cost: 196,
    versionArgs: ["version"],
    // Older ones may not read options from the environment.
    accepted: { from: "3.246.0", below: "4.0.0" },
    origin: goOrigin({
      module: shared,
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      pin: "github.com/pulumi/pulumi/pkg/v3",
      variables: (pin) => ({ "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": pin }),
    }),
  },
];

/**
 * What it needs besides where containers run. What is fetched comes first, for it fails within seconds; then what makes
 * a node, and then what runs on it.
 */
export const nodeTools: readonly Tool[] = [
  {
    name: "nft",
    cost: 3,
    versionArgs: ["--version"],
    // The first one with what kube-proxy asks of it.
    accepted: { from: "1.0.1", below: "2.0.0" },
    origin: nftOrigin,
  },
  {
    name: "busybox",
    cost: 2,
    versionArgs: ["--help"],
    // It goes into images that have no libraries.
    accepted: { from: "1.30.0", below: "2.0.0", only: isStatic },
    origin: busyboxOrigin,
  },
  {
    name: "envoy",
    cost: 10,
    versionArgs: ["--version"],
    // Those that the pinned Istio can talk to.
    accepted: { from: "1.38.0", below: "1.42.0" },
    origin: envoyOrigin,
  },
  {
    // The template that pilot-agent makes Envoy's first configuration of.
    name: "envoy_bootstrap.json",
    cost: 1,
    origin: moduleFileOrigin(shared, "istio.io/istio", "tools/packaging/common/envoy_bootstrap.json"),
  },
  kubernetes("kubelet", 23),
  kubernetes("kube-proxy", 9),
  ...containerd(),
  {
    name: "runc",
    cost: 24,
    versionArgs: ["--version"],
    accepted: { from: "1.1.0", below: "2.0.0" },
    origin: goOrigin({
      module: own("runc"),
      package: "github.com/opencontainers/runc",
      pin: "github.com/opencontainers/runc",
      cgo: true,
    }),
  },
  ...cniPlugins({
    "main/bridge": 6,
    "ipam/host-local": 1,
    "main/loopback": 1,
    "meta/portmap": 1,
    "meta/tuning": 1,
  }),
  {
    name: "coredns",
    cost: 48,
    versionArgs: ["--version"],
    accepted: { from: "1.11.0", below: "2.0.0" },
    origin: goOrigin({
      module: shared,
      package: "github.com/coredns/coredns",
      pin: "github.com/coredns/coredns",
    }),
  },
  {
    name: "vcluster",
    cost: 155,
    origin: goOrigin({
      module: shared,
      package: "github.com/loft-sh/vcluster/cmd/vcluster",
      pin: "github.com/loft-sh/vcluster",
      variables: (pin) => ({
        "main.version": pin.slice(1),
        "github.com/loft-sh/vcluster/pkg/telemetry.SyncerVersion": pin.slice(1),
      }),
    }),
  },
  pilot("pilot-discovery", 207, ["vtprotobuf", "disable_pgv"]),
  pilot("pilot-agent", 9, ["agent", "disable_pgv"]),
  ...programs("runc-in-sandbox", "pause", "kine", "bookinfo", "request", "gloo-mesh"),
];

/** A program of Kubernetes: of the same minor version as the API server. */
function kubernetes(name: string, cost: number): Tool {
  const setting = (key: string): string => `k8s.io/component-base/version.${key}`;
  return {
    name,
    cost,
    versionArgs: ["--version"],
    accepted: { from: "1.36.0", below: "1.37.0" },
    origin: goOrigin({
      module: shared,
      package: `k8s.io/kubernetes/cmd/${name}`,
      pin: "k8s.io/kubernetes",
      variables: (pin) => {
        const [major = "", minor = ""] = pin.slice(1).split(".");
        return {
          [setting("gitVersion")]: pin,
          [setting("gitMajor")]: major,
          [setting("gitMinor")]: minor,
          [setting("gitTreeState")]: "clean",
        };
      },
    }),
  };
}

/** containerd and its shim: one refuses what the other says, unless they are of one version. */
function containerd(): readonly Tool[] {
  const [name, shim] = ["containerd", "containerd-shim-runc-v2"];
  const module = "github.com/containerd/containerd/v2";
  const versionArgs = ["-v"];
  const sources = own("containerd");
  const tool = (program: string, cost: number, other: string): Tool => ({
    name: program,
    cost,
    versionArgs,
    accepted: {
      from: "2.0.0",
      below: "3.0.0",
      only: async (path, version) =>
        (await versionOf({ versionArgs }, join(dirname(path), other))) === version,
    },
    origin: goOrigin({
      module: sources,
      package: `${module}/cmd/${program}`,
      pin: module,
      tags: ["no_btrfs", "no_zfs", "no_devmapper"],
      variables: (pin) => ({ [`${module}/version.Version`]: pin }),
    }),
  });
  return [tool(name, 151, shim), tool(shim, 3, name)];
}

/** They have a folder of their own, as a runtime looks for them there by names that other programs have, too. */
function cniPlugins(costs: Readonly<Record<string, number>>): readonly Tool[] {
  const module = "github.com/containernetworking/plugins";
  const sources = own("cni");
  return Object.entries(costs).map(([path, cost]) => ({
    name: `cni/${basename(path)}`,
    cost,
    origin: goOrigin({
      module: sources,
      package: `${module}/plugins/${path}`,
      pin: module,
      variables: (pin) => ({ [`${module}/pkg/utils/buildversion.BuildVersion`]: pin }),
    }),
  }));
}

/** Istio's programs: no release of Istio is a version of its module, so they are of the commit that is pinned. */
function pilot(name: string, cost: number, tags: readonly string[]): Tool {
  const module = "istio.io/istio";
  const revision = (pin: string): string => pin.split("-").at(-1) ?? "";
  /** Of what that commit was to become. */
  const version = (pin: string): string => `1.31.0-${revision(pin).slice(0, 8)}`;
  const setting = (key: string): string => `${module}/pkg/version.build${key}`;
  const program: GoProgram = {
    module: shared,
    package: `${module}/pilot/cmd/${name}`,
    pin: module,
    version: (pin) => `v${version(pin)}`,
    tags,
    variables: (pin) => ({
      [setting("Version")]: version(pin),
      [setting("Tag")]: version(pin),
      [setting("Hub")]: "docker.io/istio",
      [setting("Status")]: "Clean",
      [setting("GitRevision")]: revision(pin),
    }),
  };
  return { name, cost, origin: goOrigin(program) };
}

/** Programs of this project. */
function programs(...names: readonly string[]): readonly Tool[] {
  const module = goModule(join(root, "rehearsal", "programs"));
  return names.map((name) => ({ name, cost: 3, origin: goOrigin({ module, package: `./${name}` }) }));
}
