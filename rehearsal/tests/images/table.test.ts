import { glooMeshImages } from "../../images/gloo-mesh.ts";
import { describe, expect, it } from "vitest";
import { current } from "../../../versions/current.ts";
import { ordered } from "../../images/entries.ts";
import { imagesOf, type LayerName, layers } from "../../images/table.ts";
import { newSources } from "./sources.ts";

const named = (images = imagesOf()) => images.flatMap(({ names }) => names);
const pathsIn = (name: LayerName) => ordered(layers[name](newSources())).map(({ path }) => path);

describe("the table of images", () => {
  it("has what the lab of today runs", () => {
    expect(named()).toEqual([
      "registry.k8s.io/pause:3.10.1",
      "ghcr.io/loft-sh/vcluster-oss:0.36.1",
      "ghcr.io/loft-sh/kubernetes:v1.35.0",
      "registry.k8s.io/coredns/coredns:v1.14.2",
      "docker.io/coredns/coredns:1.11.3",
      "docker.io/coredns/coredns:1.12.0",
      "docker.io/coredns/coredns:1.12.1",
      "docker.io/coredns/coredns:1.14.1",
      "docker.io/coredns/coredns:1.14.2",
      "docker.io/istio/pilot:1.30.3",
      "registry.istio.io/release/pilot:1.30.3",
      "docker.io/istio/proxyv2:1.30.3",
      "registry.istio.io/release/proxyv2:1.30.3",
      ...glooMeshImages.map(({ image }) => image),
      "docker.io/istio/examples-bookinfo-details-v1:1.20.3",
      "docker.io/istio/examples-bookinfo-ratings-v1:1.20.3",
      "docker.io/istio/examples-bookinfo-reviews-v1:1.20.3",
      "docker.io/istio/examples-bookinfo-reviews-v2:1.20.3",
      "docker.io/istio/examples-bookinfo-reviews-v3:1.20.3",
      "docker.io/istio/examples-bookinfo-productpage-v1:1.20.3",
      "docker.io/curlimages/curl:8.10.1",
    ]);
  });

  it("follows the versions that a stack chooses", () => {
    const versions = { ...current.versions, kubernetes: "v1.34.1", istio: "1.31.0", vcluster: "0.36.2" };
    expect(named(imagesOf(versions))).toEqual(
      expect.arrayContaining([
        "ghcr.io/loft-sh/kubernetes:v1.34.1",
        "ghcr.io/loft-sh/vcluster-oss:0.36.2",
        "docker.io/istio/proxyv2:1.31.0",
      ]),
    );
    expect(named(imagesOf(versions, { hub: "example.com/solo", tag: "1.30.3-solo" }))).toContain(
      "example.com/solo/pilot:1.30.3-solo",
    );
  });

  it("names each image once", () => {
    expect(new Set(named()).size).toBe(named().length);
  });

  it("tells Bookinfo's program who it is", () => {
    const { config } = imagesOf().find(({ names }) => names[0]?.includes("reviews-v3") === true) ?? {};
    expect(config?.Env).toEqual(
      expect.arrayContaining([
        "SERVICE=reviews",
        "SERVICE_VERSION=v3",
        "ENABLE_RATINGS=true",
        "STAR_COLOR=red",
      ]),
    );
  });

  it("puts files where the pods look for them", () => {
    expect(pathsIn("kubernetes")).toEqual([
      "kubernetes",
      "kubernetes/etcd",
      "kubernetes/kine",
      "kubernetes/kube-apiserver",
      "kubernetes/kube-controller-manager",
    ]);
    expect(pathsIn("agent")).toContain("var/lib/istio/envoy/envoy_bootstrap_tmpl.json");
    expect(pathsIn("base")).toEqual(expect.arrayContaining(["bin/busybox", "bin/ls", "bin/sh", "tmp"]));
    expect(layers.base(newSources())).toEqual(
      expect.arrayContaining([
        { path: "bin/sh", link: "busybox" },
        { path: "tmp", folder: 0o1777 },
      ]),
    );
  });

  it("says which program is missing, and what brings it", () => {
    expect(() => layers.envoy({ ...newSources(), bin: "/nowhere" })).toThrow(
      "/nowhere/envoy is not there, which an image is made of: make tools makes or fetches it.",
    );
  });
});
