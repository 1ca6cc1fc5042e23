import { describe, expect, it } from "vitest";
import { nothing, plus, requestsOf } from "../../../kubernetes/diagnosis/amounts.ts";
import type { Told } from "../../../cli/doctor/check.ts";
import { whenEdited } from "../support/edited.ts";
import { clusters } from "../support/lab.ts";
import { cluster, factsOf, pulumi, rehearse } from "../support/rehearsal.ts";

export function doctorTests(): void {
  describe("doctor", () => {
    it("finds all well but what is not known of so new a host", async () => {
      const found = await factsOf<Told[]>("doctor");
      expect(found.filter(({ level }) => level !== "fine").map(({ check }) => check)).toEqual([
        "host's version",
      ]);
      expect(found.length).toBeGreaterThan(12);
    });

    it("reckons with the pods that there are then, and with what they ask for", async () => {
      const room = (await factsOf<Told[]>("doctor")).find(({ check }) => check === "room");
      const { items } = await cluster("host").core.listPodForAllNamespaces();
      const actual = items
        .flatMap(({ metadata, spec }) =>
          spec !== undefined && clusters.some((name) => name === metadata?.namespace)
            ? [requestsOf(spec)]
            : [],
        )
        .reduce(plus, nothing);
      const { asked } = room?.details as { asked: typeof actual };
      expect(asked.pods).toBe(actual.pods);
      expect(asked.memory).toBe(actual.memory);
      expect(asked.cpu).toBeCloseTo(actual.cpu);
    });

    it("says nothing of the license key but whether it is set", async () => {
      await pulumi("config", "set", "--secret", "licenseKey", "key-that-is-not-told");
      const { code, output } = await rehearse("lab", "--", "doctor");
      expect(output).toMatch(/✓ {3}license key +it is set/);
      expect(output).not.toContain("key-that-is-not-told");
      expect(code).toBe(0);
      // As it was: with another one, the next run changes Gloo Mesh.
      await pulumi("config", "set", "--secret", "licenseKey", "rehearsal-licenseKey");
    });

    it("tells mistakes of the edited file, which the lab as it stands has not, and leaves what depends on it", async () => {
      await whenEdited({ serviceCidr: "everything" }, async (edited) => {
        const { code, stdout } = await edited.rehearse("lab", "--", "doctor", "--json");
        const found = JSON.parse(stdout) as Told[];
        expect(found.find(({ check }) => check === "configuration")).toMatchObject({
          level: "wrong",
          found: expect.stringContaining("everything") as string,
        });
        expect(found.find(({ check }) => check === "room")?.found).toBe(
          "not checked, it needs a configuration without mistakes",
        );
        expect(code).toBe(1);
        expect((await edited.rehearse("lab", "--", "pods", "devmgmt")).code).toBe(0);
      });
    });

    it("is about the lab that is rehearsed, and of none of another stack", async () => {
      for (const args of [
        ["--stack", "kind", "doctor"],
        ["status", "-s", "kind"],
      ]) {
        const { code, output } = await rehearse("lab", "--", ...args);
        expect(output).toContain("What is rehearsed here is the lab of stack dev, not of kind");
        expect(code).toBe(1);
      }
    });
  });
}
