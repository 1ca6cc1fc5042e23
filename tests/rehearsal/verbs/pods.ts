import { describe, expect, it } from "vitest";
import type { TranslatedPod } from "../../../cli/commands/pods.ts";
import { cluster, factsOf, rehearse } from "../support/rehearsal.ts";

export function podsTests(): void {
  describe("pods", () => {
    it("has each pod of a virtual cluster, and where it is on the host", async () => {
      const rows = await factsOf<TranslatedPod[]>("pods", "devcluster1");
      const inside = await cluster("devcluster1").core.listPodForAllNamespaces();
      const named = (list: readonly { namespace?: string; name?: string }[]) =>
        list.map(({ namespace, name }) => `${namespace ?? ""}/${name ?? ""}`).sort();
      expect(named(rows.map(({ namespace, pod }) => ({ namespace, name: pod })))).toEqual(
        named(inside.items.map(({ metadata }) => metadata ?? {})),
      );

      const host = await cluster("host").core.listPodForAllNamespaces();
      for (const { hostNamespace, hostPod, node } of rows) {
        const pod = host.items.find(({ metadata }) => metadata?.name === hostPod);
        expect(pod?.metadata?.namespace).toBe(hostNamespace);
        expect(pod?.spec?.nodeName).toBe(node);
      }
    });

    it("finds what a name on the host stands for", async () => {
      const [first] = await factsOf<TranslatedPod[]>("pods");
      expect(await factsOf<TranslatedPod[]>("pods", "--host", first?.hostPod ?? "")).toEqual([first]);
    });

    it.each<[args: string[], code: number, message: string]>([
      [["pods", "nowhere"], 2, "The lab has no cluster nowhere; it has devmgmt, devcluster1, devcluster2."],
      [["pods", "--host", "nobody"], 1, "No pod of the lab is called nobody on the host."],
    ])("says what there is not: %j", async (args, expected, message) => {
      const { code, output } = await rehearse("lab", "--", ...args);
      expect(output).toContain(message);
      expect(code).toBe(expected);
    });
  });
}
