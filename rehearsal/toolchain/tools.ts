import { isAtLeast } from "../../versions.ts";

/** A program the rehearsal needs, where its sources are, and which versions of it will do. */
export interface Tool {
  /** Name of the executable. */
  readonly name: string;
  /** Go module; its version is pinned in go.mod. */
  readonly module: string;
  /** Package of the program inside the module. */
  readonly path: string;
  /** Makes the program print its version. */
  readonly versionArgs: readonly string[];
  /** One found on PATH is used if its version is at least `from` and below `below`. */
  readonly from: string;
  readonly below: string;
}

const kubernetes = (name: string, versionArgs: readonly string[] = ["--version"]): Tool => ({
  name,
  module: "k8s.io/kubernetes",
  path: `cmd/${name}`,
  versionArgs,
  from: "1.36.0",
  below: "1.37.0",
});

/** All of them; the order is the order of building. */
export const tools: readonly Tool[] = [
  {
    name: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    path: "",
    versionArgs: ["--version"],
    from: "3.6.0",
    below: "3.7.0",
  },
  kubernetes("kube-apiserver"),
  kubernetes("kube-controller-manager"),
  kubernetes("kube-scheduler"),
  // Kubernetes allows kubectl to be one minor version away from the API server, and two are known to do.
  { ...kubernetes("kubectl", ["version", "--client"]), from: "1.34.0", below: "1.38.0" },
  {
    name: "kwok",
    module: "sigs.k8s.io/kwok",
    path: "cmd/kwok",
    versionArgs: ["--version"],
    from: "0.8.0",
    below: "0.9.0",
  },
  {
    name: "helm",
    module: "helm.sh/helm/v3",
    path: "cmd/helm",
    versionArgs: ["version", "--template={{.Version}}"],
    from: "3.18.0",
    below: "4.0.0",
  },
  {
    name: "pulumi",
    module: "github.com/pulumi/pulumi/pkg/v3",
    path: "cmd/pulumi",
    versionArgs: ["version"],
    // Older ones may not read options from the environment.
    from: "3.246.0",
    below: "4.0.0",
  },
];

/** The versions that a go.mod pins, by module. */
export function pinnedVersions(goMod: string): ReadonlyMap<string, string> {
  return new Map(
    [...goMod.matchAll(/^\s*(?:require\s+)?([\w.~/-]+\.[\w.~/-]+)\s+(v\d\S+)/gm)].map(
      ([, module = "", version = ""]) => [module, version],
    ),
  );
}

/** The version a module is pinned to. */
export function pinOf({ name, module }: Tool, pins: ReadonlyMap<string, string>): string {
  const version = pins.get(module);
  if (version === undefined)
    throw new Error(`rehearsal/toolchain/go.mod does not pin ${module}, which has ${name}.`);
  return version;
}

/** The first thing in a program's answer that looks like a version, as `MAJOR.MINOR.PATCH`. */
export const versionIn = (output: string): string | undefined => /\bv?(\d+\.\d+\.\d+)/.exec(output)?.[1];

/** Whether a version found on PATH will do. */
export const accepts = ({ from, below }: Tool, version: string): boolean =>
  isAtLeast(version, from) && !isAtLeast(version, below);

/** Linker flags: small binaries that know their version, as the projects' own releases do. */
export function linkerFlags(version: (module: string) => string): string {
  const kubernetesVersion = version("k8s.io/kubernetes");
  const [major, minor] = kubernetesVersion.slice(1).split(".");
  const variables = {
    "k8s.io/component-base/version.gitVersion": kubernetesVersion,
    "k8s.io/component-base/version.gitMajor": major,
    "k8s.io/component-base/version.gitMinor": minor,
    "helm.sh/helm/v3/internal/version.version": version("helm.sh/helm/v3"),
    "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": version("github.com/pulumi/pulumi/pkg/v3"),
  };
  return `-s -w ${Object.entries(variables)
    .map(([name, value]) => `-X ${name}=${value ?? ""}`)
    .join(" ")}`;
}
