import { setsFor, unknownCombinations, unknownHost } from "../../versions/compatibility.ts";
import { pulumiCommand, setting } from "../../messages/commands.ts";
import { misplacedSecrets, plainSecrets } from "../../config/secrets.ts";
import type { CheckedSettings } from "../../config/settings.ts";
import { clustersIn } from "../stack/lab.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "./check.ts";
import type { Facts } from "./facts.ts";
import { Failure } from "../../messages/failure.ts";
import { Refusal } from "../stack/pulumi.ts";

/** The stack's configuration, as the program will judge it; of the license key there is a check of its own. */
export const configurationCheck: Check<Facts> = {
  name: "configuration",
  look: async ({ configuration, settings }) => {
    const read = await refusalOr(configuration.get());
    if (read instanceof Refusal) return wrong(read.found, read.advice);
    if (read instanceof Failure) return wrong(read.message, mending);
    const plain = plainSecrets(read.input, read.secretKeys).find(({ path }) => path !== "licenseKey");
    if (plain !== undefined) return wrong(`${plain.path} is in plain text`, `${plain.mend}.`);
    const [misplaced] = misplacedSecrets(read.secretKeys);
    if (misplaced !== undefined)
      return wrong(`${misplaced} is secret, and would not stay so`, "Set it without --secret.");
    const checked = await refusalOr(settings.get());
    return checked instanceof Failure
      ? wrong(checked.message, "Mend it in the stack's file.")
      : fine(`clusters ${clustersIn(checked).join(", ")}`);
  },
};

const mending = `Mend the stack's file, or what encrypts its secrets: ${pulumiCommand("stack change-secrets-provider --help")}.`;

const refusalOr = <T>(found: Promise<T>): Promise<T | Failure> =>
  found.catch((error: unknown) => {
    if (error instanceof Failure) return error;
    throw error;
  });

export const licenseCheck: Check<Facts> = {
  name: "license key",
  look: async ({ configuration }) => {
    const { input, secretKeys } = await configuration.needed();
    return judgedLicense(input["licenseKey"] !== undefined, secretKeys.has("licenseKey"));
  },
};

const setLicense = setting("licenseKey", "", { secret: true });

export function judgedLicense(isSet: boolean, isSecret: boolean): Finding {
  if (!isSet) return wrong("it is not set", `Gloo Mesh needs one from solo.io: ${setLicense}.`);
  return isSecret
    ? fine("it is set; whether it is valid, Gloo Mesh alone knows")
    : wrong("it is in plain text", `${setLicense}, and take back the one that others could read.`);
}

export const versionsCheck: Check<Facts> = {
  name: "versions",
  look: async ({ settings }) => judgedVersions(await settings.needed()),
};

export function judgedVersions(settings: Pick<CheckedSettings, "versionSet" | "versions">): Finding[] {
  const { istio, glooMesh, kubernetes, vcluster } = settings.versions;
  const risks = unknownCombinations(settings);
  return risks.length === 0
    ? [
        fine(
          `the ${settings.versionSet} set: vcluster ${vcluster} with Kubernetes ${kubernetes}, Istio ${istio}, Gloo Mesh ${glooMesh}`,
        ),
      ]
    : risks.map((risk) => doubtful(risk, "Choose others with versions, or try."));
}

export const hostVersionCheck: Check<Facts> = {
  name: "host's version",
  look: async ({ settings, host }) => {
    const [known, { version }] = await Promise.all([settings.needed(), host.needed()]);
    return judgedHostVersion(version, known);
  },
};

/** What to make of the version of a host. */
export function judgedHostVersion(
  version: string,
  settings: Pick<CheckedSettings, "versionSet" | "versions" | "anyHost">,
): Finding {
  const risk = unknownHost(version, settings);
  if (risk === undefined) return fine(version);
  if (settings.anyHost) return doubtful(risk, "anyHost says to try.");
  const others = setsFor(version).filter((name) => name !== settings.versionSet);
  const fitting = others.map((name) => `set versionSet to ${name}, which is known there`);
  return wrong(
    risk,
    `${[...fitting, "take another host", "set anyHost to true and try: nothing of the host is changed by that"].join("; or ")}.`.replace(
      /^\w/,
      (letter) => letter.toUpperCase(),
    ),
  );
}
