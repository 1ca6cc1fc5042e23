import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkSettings, describe as describeMistakes } from "../../../config/check.ts";
import { exitCodes } from "../../../messages/failure.ts";
import { readConfiguration, readStack } from "../../../cli/stack/lab.ts";
import { pulumi } from "../../../cli/stack/pulumi.ts";
import { paths, root } from "../../../rehearsal/kit/paths.ts";

describe("a stack", () => {
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

  const init = (stack: string) =>
    execFileSync(join(paths.bin, "pulumi"), ["stack", "init", stack, "--no-select"], { stdio: "pipe" });

  it("that the project does not have is told with those that there are, by whatever asks for it", async () => {
    vi.stubEnv("PULUMI_STACK", "nope");
    await expect(readStack()).rejects.toMatchObject({
      message: "there is no stack nope; the project has none yet: pulumi stack init nope.",
      exitCode: exitCodes.usage,
    });

    for (const stack of ["dev", "kind"]) init(stack);
    const message =
      "there is no stack nope; the project has dev, kind: pulumi stack select NAME, or --stack NAME, or pulumi stack init nope.";
    await expect(readStack()).rejects.toThrow(message);
    await expect(pulumi("config", "--json")).rejects.toThrow(message);
    await expect(pulumi("stack", "output", "--json")).rejects.toThrow(message);
    vi.stubEnv("PULUMI_STACK", undefined);
    await expect(readStack()).rejects.toThrow(/^no stack is selected; the project has dev, kind: /);

    await pulumi("stack", "select", "dev");
    expect(await readStack()).toBe("dev");
    init("nope");
    vi.stubEnv("PULUMI_STACK", "nope");
    expect(await readStack()).toBe("nope");
  });

  it("has secrets that another passphrase, or none, does not open", async () => {
    init("secret");
    vi.stubEnv("PULUMI_STACK", "secret");
    const missing = "licenseKey: it is not set. Gloo Mesh needs a license key from solo.io: ";
    const { input, secretKeys } = await readConfiguration();
    expect(describeMistakes("mesh-lab", checkSettings(input, secretKeys).mistakes)).toContain(
      `${missing}pulumi config set --secret licenseKey KEY`,
    );
    await pulumi("config", "set", "--secret", "licenseKey", "K");
    expect((await readConfiguration()).input["licenseKey"]).toBe("K");
    await pulumi("stack", "change-secrets-provider", "--help");
    vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "shut");
    await expect(readConfiguration()).rejects.toThrow(
      /is another than was given: set PULUMI_CONFIG_PASSPHRASE/,
    );
    vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", undefined);
    await expect(readConfiguration()).rejects.toThrow(/is not given: set PULUMI_CONFIG_PASSPHRASE/);
  });
});
