import { afterEach, describe, expect, it, vi } from "vitest";
import { labCommand, pulumiCommand, rehearsalMark, setting } from "../../../messages/commands.ts";
import { describeStack } from "../../../rehearsal/engine/stack.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a command that a message names", () => {
  it("is npm's and Pulumi's on a stack of the user's own", () => {
    vi.stubEnv(rehearsalMark.name, undefined);
    expect(labCommand("resume east")).toBe("npm run lab -- resume east");
    expect(pulumiCommand("up --refresh")).toBe("pulumi up --refresh");
    expect(setting("renew", "today")).toBe("pulumi config set renew today");
    expect(setting("capabilities.opa", "true", { path: true })).toBe(
      "pulumi config set --path capabilities.opa true",
    );
    expect(setting("licenseKey", "", { secret: true })).toBe("pulumi config set --secret licenseKey");
  });

  describe("in the rehearsal", () => {
    const inRehearsal = <T>(work: () => T): T => {
      for (const [name, value] of Object.entries(describeStack("kind").env))
        if (name === rehearsalMark.name || name === "PULUMI_STACK") vi.stubEnv(name, value);
      return work();
    };

    it.each([
      ["up", "make rehearse"],
      ["preview", "make preview"],
      ["destroy", "make rehearse-down"],
      ["up --refresh", 'make pulumi ARGS="up --refresh"'],
      ['state unprotect "a b"', `make pulumi ARGS='state unprotect "a b"'`],
    ])("is make's: pulumi %s", (call, made) => {
      expect(inRehearsal(() => pulumiCommand(call))).toBe(made);
    });

    it("calls a verb through make", () => {
      expect(inRehearsal(() => labCommand("resume east"))).toBe('make lab ARGS="resume east"');
    });

    it("sets a key in the file that is rehearsed", () => {
      expect(inRehearsal(() => setting("capabilities.opa", "true", { path: true }))).toBe(
        "set capabilities.opa to true in Pulumi.kind.yaml",
      );
    });
  });
});
