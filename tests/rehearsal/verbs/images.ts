import type { V1PodSpec } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { whenEdited } from "../support/edited.ts";
import { clusters } from "../support/lab.ts";
import { cluster, factsOf, pulumi, rehearsed } from "../support/rehearsal.ts";

interface Facts {
  readonly charts: readonly { readonly chart: string; readonly version: string; readonly from: string }[];
  readonly images: readonly {
    readonly image: string;
    readonly mirror?: string;
    readonly usedBy: readonly { readonly cluster: string; readonly workload: string }[];
  }[];
}

const imagesIn = ({ initContainers = [], containers }: V1PodSpec): string[] =>
  [...initContainers, ...containers].map(({ image = "" }) => image);

/** Images of every pod, on the host and inside of the virtual clusters, as they run. */
async function running(): Promise<string[]> {
  const lists = await Promise.all(
    ["host", ...clusters].map((name) => cluster(name).core.listPodForAllNamespaces()),
  );
  const images = lists.flatMap(({ items }) => items.flatMap(({ spec }) => (spec ? imagesIn(spec) : [])));
  return [...new Set(images)].sort();
}

export function imagesTests(): void {
  describe("images", () => {
    it("are those that run, all of them and no others", async () => {
      const { images } = await factsOf<Facts>("images");
      expect(images.map(({ image }) => image).sort()).toEqual(await running());
    });

    it("know who uses them", async () => {
      const { images } = await factsOf<Facts>("images");
      const usersOf = (name: string) =>
        images
          .find(({ image }) => image.includes(name))
          ?.usedBy.map((use) => `${use.cluster} ${use.workload}`);
      expect(usersOf("reviews-v3")).toEqual(["devcluster2 bookinfo/reviews-v3"]);
      expect(usersOf("coredns")).toEqual(clusters.map((name) => `${name} kube-system/coredns`));
    });

    it("come with the charts, as they are installed", async () => {
      const { charts } = await factsOf<Facts>("images");
      const installed = JSON.parse(await pulumi("stack", "export")) as {
        deployment: {
          resources: { type: string; outputs?: { status?: { chart: string; version: string } } }[];
        };
      };
      const releases = installed.deployment.resources.flatMap(({ outputs }) =>
        outputs?.status?.chart === undefined ? [] : [`${outputs.status.chart} ${outputs.status.version}`],
      );
      expect(charts.map(({ chart, version }) => `${chart} ${version}`).sort()).toEqual(
        [...new Set(releases)].sort(),
      );
    });

    it("are a list for a mirror, with its own name for each where there is one", async () => {
      const plain = (await rehearsed("lab", "--", "images", "--plain")).stdout.trim().split("\n");
      expect(plain).toContain("docker.io/istio/proxyv2:1.12.6");
      await whenEdited({ imageRegistry: "mirror.test/all" }, async (edited) => {
        const pairs = (await edited.rehearsed("lab", "--", "images", "--plain")).stdout.trim().split("\n");
        expect(pairs.map((pair) => pair.split(" ")[0])).toEqual(plain);
        expect(pairs).toContain("docker.io/istio/proxyv2:1.12.6 mirror.test/all/istio/proxyv2:1.12.6");
        expect(pairs).toContain("coredns/coredns:1.8.4 mirror.test/all/coredns/coredns:1.8.4");
        for (const pair of pairs) expect(pair).toMatch(/^\S+ mirror\.test\/all\/\S+$/);
      });
    });

    it.each([
      [
        "versions",
        { versionSet: "article", versions: { istio: "1.13.9" } },
        /istiod\/ is version 1\.12\.6 of chart istiod; expected 1\.13\.9/,
      ],
      [
        "values",
        { values: { ingress: { replicas: 2 } } },
        /helm template istio-ingressgateway failed: .*additional properties 'replicas'/s,
      ],
    ])("are not guessed where %s is wrong", async (_, settings, message) => {
      await whenEdited(settings, async (edited) => {
        const { code, output } = await edited.rehearse("lab", "--", "images");
        expect(output).toMatch(message);
        expect(code).toBe(1);
      });
    });
  });
}
