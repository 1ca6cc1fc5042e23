import { isAtLeast } from "../../versions/versions.ts";

/** A program the rehearsal needs, where its sources are, and which versions of it will do. */
export interface Tool {
  /** Name of the executable. */
  readonly name: string;
  /** Go module whose version, pinned in go.mod, is the program's. */
  readonly module: string;
  /** Package of the program inside the module; one that begins with a dot is in the folder of go.mod. */
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

/** Pulumi's Kubernetes plugin, which is built where it can neither be found nor downloaded. */
export const kubernetesPlugin: Tool = {
  name: "pulumi-resource-kubernetes",
  // The provider's own module has no versions, for its tags are those of the repository. It is pinned to the commit of
  // tag v4.25.0, and requires the SDK of the same tag.
  module: "github.com/pulumi/pulumi-kubernetes/sdk/v4",
  path: ".",
  versionArgs: ["--version"],
  from: "4.0.0",
  below: "5.0.0",
};

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
    throw new Error(`The go.mod for ${name} does not pin ${module}, which has its version.`);
  return version;
}

/** The first thing in a program's answer that looks like a version, as `MAJOR.MINOR.PATCH`. */
export const versionIn = (output: string): string | undefined => /\bv?(\d+\.\d+\.\d+)/.exec(output)?.[1];

/** Whether a version found on PATH will do. */
export const accepts = ({ from, below }: Tool, version: string): boolean =>
  isAtLeast(version, from) && !isAtLeast(version, below);

/** The linker flag for small binaries in which variables have these values. */
const linkerFlag = (variables: Readonly<Record<string, string | undefined>>): string =>
  `-s -w ${Object.entries(variables)
    .map(([name, value]) => `-X ${name}=${value ?? ""}`)
    .join(" ")}`;

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
  return linkerFlag(variables);
}

/** The same of the Kubernetes plugin, whose releases say their version without the letter. */
export const pluginLinkerFlags = (version: string): string =>
  linkerFlag({
    "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version": version.replace(/^v/, ""),
  });
