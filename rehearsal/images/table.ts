import { bookinfoServices, reviewsVersions } from "../../values/bookinfo.ts";
import { type IstioBuild, istioBuild } from "../../values/istio.ts";
import { current } from "../../versions/current.ts";
import { images as named } from "../../versions/versions.ts";
import type { Versions } from "../../versions/version-set.ts";
import { type Entry, folder, program } from "./entries.ts";
import { glooMeshImages } from "./gloo-mesh.ts";
import { base, existing, fileWithLibraries, programs, type Sources } from "./sources.ts";

/** How a container of an image is started, by the names that the format has. */
interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

/** An image under all of its names, each with registry and tag. */
export interface Image {
  readonly names: readonly string[];
  /** From the lowest to the topmost. */
  readonly layers: readonly LayerName[];
  readonly config: ImageConfig;
}

/** What each layer has. */
export const layers = {
  base,
  pause: (from) => programs(from, { pause: "pause" }),
  vcluster: (from) => programs(from, { vcluster: "vcluster" }),
  kubernetes: (from) =>
    programs(from, {
      "kube-apiserver": "kubernetes/kube-apiserver",
      "kube-controller-manager": "kubernetes/kube-controller-manager",
      kine: "kubernetes/kine",
      etcd: "kubernetes/etcd",
    }),
  coredns: (from) => programs(from, { coredns: "coredns" }),
  pilot: (from) => programs(from, { "pilot-discovery": "usr/local/bin/pilot-discovery" }),
  // The lab has istio-init use it.
  nft: (from) => fileWithLibraries(from, from.nft, "usr/sbin/nft"),
  envoy: (from) => programs(from, { envoy: "usr/local/bin/envoy" }),
  agent: (from) => [
    ...programs(from, { "pilot-agent": "usr/local/bin/pilot-agent" }),
    {
      ...program("var/lib/istio/envoy/envoy_bootstrap_tmpl.json", existing(from.envoyBootstrap)),
      mode: 0o644,
    },
    // Users of all kinds write there.
    folder("etc/istio/proxy", 0o777),
  ],
  "gloo-mesh": (from) => programs(from, { "gloo-mesh": "gloo-mesh" }),
  bookinfo: (from) => programs(from, { bookinfo: "bookinfo" }),
  // By its own name it would be in the way of the machine's.
  curl: (from) => programs(from, { request: "usr/bin/curl" }),
} as const satisfies Record<string, (from: Sources) => readonly Entry[]>;

export type LayerName = keyof typeof layers;

const Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

/** Every image that the lab's pods run, of what can be had here. */
export const imagesOf = (
  versions: Versions = current.versions,
  istio: IstioBuild = istioBuild(versions.istio),
): readonly Image[] => [
  {
    names: ["registry.k8s.io/pause:3.10.1"],
    layers: ["pause"],
    config: { Entrypoint: ["/pause"], User: "65534:65534" },
  },
  {
    names: [`ghcr.io/loft-sh/vcluster-oss:${versions.vcluster}`],
    layers: ["base", "vcluster"],
    config: { Env, WorkingDir: "/", Entrypoint: ["/vcluster", "start"] },
  },
  {
    // Whatever its tag says, it is the Kubernetes that the rehearsal has.
    names: [`ghcr.io/${current.kubernetesImage}:${versions.kubernetes}`],
    layers: ["base", "kubernetes"],
    config: { Env },
  },
  {
    names: [
      // Of the host, as kubeadm would name it.
      `registry.k8s.io/coredns/coredns:v${current.controlPlane.corednsElse}`,
      // vcluster chooses one by the version that is inside.
      ...corednsTags.map((tag) => `${current.controlPlane.corednsRegistry}coredns/coredns:${tag}`),
    ],
    layers: ["base", "coredns"],
    config: { Env, Entrypoint: ["/coredns"] },
  },
  {
    names: istioNames("pilot", istio),
    layers: ["base", "pilot"],
    config: { Env, User: "1337:1337", Entrypoint: ["/usr/local/bin/pilot-discovery"] },
  },
  {
    names: istioNames("proxyv2", istio),
    layers: ["base", "nft", "envoy", "agent"],
    config: { Env, WorkingDir: "/", Entrypoint: ["/usr/local/bin/pilot-agent"] },
  },
  ...glooMeshImages.map(({ image, component }) => ({
    names: [image],
    layers: ["base", "gloo-mesh"] as const,
    config: { Env: [...Env, `COMPONENT=${component}`], Entrypoint: ["/gloo-mesh"] },
  })),
  ...bookinfoImages(versions.bookinfo),
  { names: [named.curl], layers: ["base", "curl"], config: { Env, User: "100:100", Cmd: ["curl"] } },
];

const { coredns, corednsElse } = current.controlPlane;
const corednsTags = [...new Set([...Object.values(coredns), corednsElse])];

/** Under the lab's hub, and under the one that the charts name where nobody does. */
function istioNames(image: string, { hub, tag }: IstioBuild): readonly string[] {
  return [...new Set([hub, "registry.istio.io/release"])].map((one) => `${one}/${image}:${tag}`);
}

/** All of them are one program, which its environment tells who it is. */
function bookinfoImages(tag: string): readonly Image[] {
  return bookinfoServices({ reviews: reviewsVersions, tag }).flatMap(({ name, versions }) =>
    versions.map(({ version, image }) => ({
      names: [image],
      layers: ["base", "bookinfo"],
      config: {
        Env: [...Env, `SERVICE=${name}`, `SERVICE_VERSION=${version}`, ...starsOf(name, version)],
        User: "1000:1000",
        Entrypoint: ["/bookinfo"],
      },
    })),
  );
}

/** Reviews show no stars, black ones or red ones, by their version. */
function starsOf(service: string, version: string): readonly string[] {
  if (service !== "reviews") return [];
  return [`ENABLE_RATINGS=${version !== "v1"}`, `STAR_COLOR=${version === "v3" ? "red" : "black"}`];
}
