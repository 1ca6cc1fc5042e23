import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { exitCodes } from "../../lab/failure.ts";
import { readStack } from "../../lab/lab.ts";
import { pulumi } from "../../lab/pulumi.ts";
import { paths, root } from "../../rehearsal/paths.ts";

describe("a stack that the project does not have", () => {
  const place = mkdtempSync(join(tmpdir(), "stacks-"));
  beforeAll(() => {
    copyFileSync(join(root, "Pulumi.yaml"), join(place, "Pulumi.yaml"));
    vi.stubEnv("PATH", `${paths.bin}:${process.env["PATH"] ?? ""}`);
    vi.stubEnv("PULUMI_HOME", join(place, "home"));
    vi.stubEnv("PULUMI_BACKEND_URL", pathToFileURL(place).href);
    vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "open");
    vi.stubEnv("PULUMI_SKIP_UPDATE_CHECK", "true");
    vi.stubEnv("PULUMI_OPTION_CWD", place);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(place, { recursive: true, force: true });
  });

  it("is told with those that there are, by whatever asks for it", async () => {
    vi.stubEnv("PULUMI_STACK", "nope");
    await expect(readStack()).rejects.toMatchObject({
      message: "The project has no stack nope: there is none yet. pulumi stack init nope.",
      exitCode: exitCodes.usage,
    });

    for (const stack of ["dev", "kind"])
      execFileSync(join(paths.bin, "pulumi"), ["stack", "init", stack, "--no-select"], { stdio: "pipe" });
    const message =
      "The project has no stack nope: there are dev, kind. pulumi stack init nope, or --stack NAME.";
    await expect(readStack()).rejects.toThrow(message);
    await expect(pulumi("config", "--json")).rejects.toThrow(message);
    await expect(pulumi("stack", "output", "--json")).rejects.toThrow(message);
  });
});
