import type { V1Pod } from "@kubernetes/client-node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Api } from "../../controllers/kit/api.ts";
import type { VirtualCluster } from "../../controllers/kit/cluster.ts";
import { startKubeconfigSecret } from "../../controllers/vcluster/kubeconfig-secret.ts";
import { createImages, runsAfter, runsIn, steadyNameOf } from "../../controllers/kit/pod-timing.ts";
import {
  type Delays,
  delayOf,
  delayProfiles,
  delaysSchema,
  type Timing,
  podsTakeTime,
} from "../../profile/delays.ts";

const kinds = Object.keys(delayProfiles.none) as (keyof Delays)[];
const realistic = (seed: number): Timing => ({ delays: delayProfiles.realistic, seed });

describe("a delay", () => {
  test("lies in its range, and is the same for the same seed and name", () => {
    const anything = [fc.integer(), fc.constantFrom(...kinds), fc.string()] as const;
    fc.assert(
      fc.property(...anything, (seed, what, name) => {
        const [from, to] = delayProfiles.realistic[what];
        const delay = delayOf(realistic(seed), what, name);
        expect(delay).toBeGreaterThanOrEqual(from);
        expect(delay).toBeLessThanOrEqual(to);
        expect(delayOf(realistic(seed), what, name)).toBe(delay);
      }),
    );
  });

  test("differs between seeds, names and parts", () => {
    const pods = Array.from({ length: 20 }, (_, n) => delayOf(realistic(1), "podReady", `lab/pod-${n}`));
    expect(new Set(pods).size).toBe(20);
    expect(delayOf(realistic(2), "podReady", "lab/pod-0")).not.toBe(pods[0]);
    const same: Delays = { ...delayProfiles.realistic, loadBalancer: delayProfiles.realistic.podReady };
    expect(delayOf({ delays: same, seed: 1 }, "loadBalancer", "lab/pod-0")).not.toBe(pods[0]);
  });

  test("may be a number, or a range", () => {
    const given = { podReady: 8, imagePull: 0, vclusterStart: [1, 2], kubeconfigSecret: 0, loadBalancer: 0 };
    const delays = delaysSchema.parse(given);
    expect([delays.podReady, delays.vclusterStart]).toEqual([
      [8, 8],
      [1, 2],
    ]);
    expect(delayOf({ delays, seed: 1 }, "podReady", "lab/pod")).toBe(8);
    expect(() => delaysSchema.parse({ ...given, podReady: [10, 6] })).toThrow("the shorter time first");
    expect(() => delaysSchema.parse({ ...given, podReady: "8" })).toThrow(
      "expected seconds, such as 8 or [6, 10]",
    );
  });

  test("of a Secret leaves Helm time to look, even where nothing else takes time", () => {
    const { kubeconfigSecret, ...others } = delayProfiles.none;
    expect(kubeconfigSecret[0]).toBeGreaterThan(2);
    expect(Object.values(others).flat()).toEqual(Array(8).fill(0));
    expect(podsTakeTime({ delays: delayProfiles.none })).toBe(false);
    expect(podsTakeTime(realistic(1))).toBe(true);
  });
});

describe("a pod's name", () => {
  const pod = (name: string, annotations = {}): V1Pod => ({
    metadata: { name, namespace: "devcluster1", annotations },
  });

  test.each([
    ["devmgmt-0", "devcluster1/devmgmt-0"],
    ["istiod-d747669c-jt97x", "devcluster1/istiod"],
    ["coredns-7bf7c98f77-vlqmw", "devcluster1/coredns"],
    ["proxy-fn4v8", "devcluster1/proxy"],
    ["redis", "devcluster1/redis"],
  ])("%s is known as %s", (name, steady) => {
    expect(steadyNameOf(pod(name))).toBe(steady);
  });

  test("is the one that it has inside of its vcluster", () => {
    const annotations = {
      "vcluster.loft.sh/object-name": "reviews-v1-69546447c8-tmphr",
      "vcluster.loft.sh/object-namespace": "bookinfo",
    };
    expect(steadyNameOf(pod("reviews-v1-69546447c8-tmphr-x-bookinfo-x-devcluster1", annotations))).toBe(
      "devcluster1/bookinfo/reviews-v1",
    );
  });
});

describe("the images of a pod", () => {
  const pod = (nodeName: string, ...images: string[]): V1Pod => ({
    spec: {
      nodeName,
      initContainers: [{ name: "init", image: "proxy:1" }],
      containers: images.map((image) => ({ name: image, image })),
    },
  });
  const timing = realistic(7);
  const pull = (image: string) => delayOf(timing, "imagePull", image);
  const web = pod("node-1", "web:1", "proxy:1");

  test("are all there when the slowest is, for the first pod on a node", () => {
    expect(createImages(timing).missingFor(web, 0)).toBe(Math.max(pull("web:1"), pull("proxy:1")));
  });

  test("are waited for by later ones as well, and pulled once", () => {
    const images = createImages(timing);
    images.missingFor(pod("node-1"), 0);
    expect(images.missingFor(pod("node-1"), 1000)).toBe(pull("proxy:1") - 1);
    expect(images.missingFor(pod("node-1"), 60_000)).toBe(0);
  });

  test("are pulled by each node for itself", () => {
    const images = createImages(timing);
    images.missingFor(pod("node-1"), 0);
    expect(images.missingFor(pod("node-2"), 60_000)).toBe(pull("proxy:1"));
  });

  test("of a pod that runs are there", () => {
    const images = createImages(timing);
    images.have(web);
    expect(images.missingFor(web, 1000)).toBe(0);
  });
});

test("a pod runs so many seconds after its start, and at once where pods take no time", () => {
  const startTime = new Date(1000_000);
  const told = (seconds: string) => ({ metadata: { annotations: { [runsAfter]: seconds } } });
  expect(runsIn({ ...told("8.5"), status: { startTime } }, 1002_000)).toBe(6.5);
  expect(runsIn({ ...told("8.5"), status: { startTime } }, 1060_000)).toBe(0);
  expect(runsIn(told("8.5"), 0)).toBe(8.5);
  expect(runsIn({ status: { startTime } }, 1000_000)).toBe(0);
});

test("the kubeconfig's Secret is not written before the vcluster is ready", async () => {
  const looks = [false, false, true];
  const { promise: written, resolve } = Promise.withResolvers<{ path: string; notLooked: number }>();
  const host: Pick<Api, "apply"> = {
    apply: async (path) => {
      resolve({ path, notLooked: looks.length });
    },
  };
  const cluster = { name: "dev", namespace: "lab", owner: { name: "dev", uid: "u" }, host };
  const stop = startKubeconfigSecret(
    cluster as VirtualCluster,
    { ca: "", adminCert: "", adminKey: "" },
    { isReady: () => looks.shift() === true, delaySeconds: 0 },
  );
  expect(await written).toEqual({ path: "/api/v1/namespaces/lab/secrets/vc-dev", notLooked: 0 });
  await stop();
});
