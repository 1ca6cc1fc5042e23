import * as pulumi from "@pulumi/pulumi";
import type { LabConfig } from "../../config/read.ts";
import { checkSettings, describe } from "../../config/check.ts";

export const licenseKey = "license-of-the-test";

/**
 * A whole configuration, from what a stack's file would say. Where that names no set of versions it is the article's, which
 * is the one that can be rehearsed.
 */
export function labConfig(input: Readonly<Record<string, unknown>>): LabConfig {
  const { settings, mistakes } = checkSettings({ licenseKey, versionSet: "article", ...input });
  if (settings === undefined) throw new Error(describe("mesh-lab", mistakes));
  const { oidcClientSecret, imagePullSecret } = input;
  const secretIfText = (value: unknown) => (typeof value === "string" ? pulumi.secret(value) : undefined);
  return {
    ...settings,
    licenseKey: pulumi.secret(licenseKey),
    oidcClientSecret: secretIfText(oidcClientSecret),
    imagePullSecret: secretIfText(imagePullSecret),
    secretValues: false,
  };
}
