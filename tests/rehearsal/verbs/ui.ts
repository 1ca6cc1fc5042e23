import { describe, expect, it } from "vitest";
import { rehearse } from "../support/rehearsal.ts";

export function uiTests(): void {
  describe("ui", () => {
    it("says that no container runs here", async () => {
      const { code, stdout, output } = await rehearse("lab", "--", "ui", "--no-open");
      expect(output).toContain("There is no user interface: the host's nodes are simulated");
      expect(stdout).toBe("");
      expect(code).toBe(3);
    });

    it.each([
      [["ui", "--port", "http"], "Expected a port, 0 to 65535."],
      [["ui", "devmgmt"], "too many arguments"],
    ])("knows what it takes: %j", async (args, message) => {
      const { code, output } = await rehearse("lab", "--", ...args);
      expect(output).toContain(message);
      expect(code).toBe(2);
    });
  });
}
