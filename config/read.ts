import * as pulumi from "@pulumi/pulumi";
import { unknownCombinations } from "../versions/compatibility.ts";
import { findHost } from "./ambient-host.ts";
import type { CheckedSettings } from "./settings.ts";
import { checkSettings, describe, settingsOf } from "./check.ts";
import { capabilityRisks } from "./capability-rules.ts";
import { clusterNames } from "./clusters.ts";
import type { Mistake } from "./mistake.ts";
import { checkSecrets, secretsOf } from "./secrets.ts";

/** The whole configuration of a lab, complete and valid; what each member means is said in `config/schema.ts`. */
export interface LabConfig extends CheckedSettings {
  /** Solo.io license key; secret. */
  readonly licenseKey: pulumi.Output<string>;
  /** Secret of the client at the user's identity provider; secret. Undefined where the lab has its own. */
  readonly oidcClientSecret: pulumi.Output<string> | undefined;
  /** Logins to the registries of images, as Docker's configuration; secret. Undefined where pulling takes none. */
  readonly imagePullSecret: pulumi.Output<string> | undefined;
  /** Whether extra values hold a secret, which makes all values of the releases that take them secret. */
  readonly secretValues: boolean;
}

/** A cluster as it is configured. */
export type ManagementConfig = LabConfig["management"];
export type WorkloadConfig = LabConfig["workloads"][number];

/**
 * Reads and checks the stack's configuration, and says which cluster is the host.
 *
 * @throws pulumi.RunError with every mistake in one message, before anything is declared
 */
export async function readConfig(): Promise<LabConfig> {
  const project = pulumi.getProject();
  const all = settingsOf(project, pulumi.runtime.allConfig());
  const secretKeys = secretsOf(project, process.env["PULUMI_CONFIG_SECRET_KEYS"]);
  const { settings, mistakes: found } = checkSettings(all, secretKeys);
  const mistakes = [...found, ...checkSecrets(all, secretKeys), ...(await checkHost(all))];
  if (settings === undefined || mistakes.length > 0) throw new pulumi.RunError(describe(project, mistakes));
  const secretIfAny = (key: string) =>
    all[key] === undefined ? undefined : new pulumi.Config().requireSecret(key);
  for (const risk of [...unknownCombinations(settings), ...capabilityRisks(settings)])
    await pulumi.log.warn(risk);
  return {
    ...settings,
    licenseKey: new pulumi.Config().requireSecret("licenseKey"),
    oidcClientSecret: secretIfAny("oidcClientSecret"),
    imagePullSecret: secretIfAny("imagePullSecret"),
    secretValues: secretKeys.has("values"),
  };
}

/** Says which cluster is the host, and finds what speaks against it; a preview may do without one. */
async function checkHost(settings: Readonly<Record<string, unknown>>): Promise<readonly Mistake[]> {
  const hostContext = typeof settings["hostContext"] === "string" ? settings["hostContext"] : undefined;
  const { host, mistakes, isNowhere } = findHost(hostContext, clusterNames(settings));
  if (isNowhere === true && pulumi.runtime.isDryRun()) {
    await pulumi.log.info(
      hostContext === undefined
        ? "host: none, there is no kubeconfig with a current context"
        : `host: context ${hostContext}, of which nothing is known: there is no kubeconfig`,
    );
    return [];
  }
  if (host !== undefined) await pulumi.log.info(`host: context ${host.context}, ${host.server}`);
  return mistakes;
}
