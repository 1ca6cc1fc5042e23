import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { isMapping, type Mapping, mapping } from "../../schema/mapping.ts";
import { configText, pulumiYaml } from "../../config/stack-file/pulumi-yaml.ts";
import { versionSetIn } from "../../config/version-rules.ts";
import { isSecret, readProject, readStackFile, type StackFile } from "../../config/stack-file/stack-file.ts";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { type ByChart, type ChartPin, chartPins } from "../../versions/charts.ts";
import type { Versions } from "../../versions/version-set.ts";
import { type VersionSetName, versionSetOf } from "../../versions/versions.ts";
import type { PodKind } from "../profile/choice.ts";
import { mergeValues } from "../../values/merge.ts";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { openHostFile } from "../host/base/host-file.ts";
import { keptPauses, type Pauses, pausesIn, withPauses } from "./kept-pauses.ts";
import { paths, root } from "../kit/paths.ts";
import type { Stack } from "./rehearsed-stack.ts";

/** Settings that belong to the user's secrets, and say nothing of the lab. */
const encryption = ["encryptionsalt", "encryptedkey", "secretsprovider"];

/** Where a folder has the file of a stack. */
export const stackFileIn = (folder: string, name: string): string => join(folder, `Pulumi.${name}.yaml`);

/** Writes the configuration of a stack for the host as it is now; gives it, and what verbs noted in it before. */
export function configure(stack: Stack, versionSet: VersionSetName): ReturnType<typeof rehearsedFile> {
  const rehearsed = rehearsedFile(stack, versionSet);
  writeFileAtomically(stack.configFile, pulumiYaml(rehearsed.file));
  writeFileAtomically(
    saidFile(stack),
    JSON.stringify(pausesIn(userStackFile(stack.name), readProject(root).name)),
  );
  return rehearsed;
}

/** What the user's own file said of pauses when the rehearsed one was written. */
const saidFile = ({ name }: Stack): string => join(paths.stack, `${name}.paused.json`);

/** The configuration with which a stack would be rehearsed now, and what verbs noted in the one before. */
export function rehearsedFile(
  stack: Stack,
  versionSet: VersionSetName,
): { readonly file: StackFile; readonly kept: Pauses } {
  const { name: project } = readProject(root);
  const before = readStackFile(stack.configFile, readFileIfAny(stack.configFile) ?? "", project);
  const user = userStackFile(stack.name);
  const said = JSON.parse(readFileIfAny(saidFile(stack)) ?? "{}") as Pauses;
  const kept = keptPauses(pausesIn(user, project), pausesIn(before, project), said);
  const { network, choice } = openHostFile().read();
  const charts = relative(root, paths.charts);
  return {
    file: overlay(withPauses(user, kept, project), before, {
      project,
      charts,
      network,
      versionSet,
      pods: choice?.pods,
    }),
    kept,
  };
}

/** What a rehearsal lays over a stack's file. */
export interface Overlay {
  /** Name of the project. */
  readonly project: string;
  /** Folder of the charts. */
  readonly charts: string;
  /** The set of versions that is rehearsed. */
  readonly versionSet: VersionSetName;
  /** Number of the host's network, if it has one: in another one all addresses are others. */
  readonly network?: number | undefined;
  /** How its pods run; undefined: there is no host. */
  readonly pods?: PodKind | undefined;
}

/**
 * The stack file that is rehearsed: the user's without its secrets, on the rehearsal's host and charts.
 * What an earlier run encrypted for itself is kept.
 */
export function overlay(
  user: StackFile,
  before: StackFile,
  { project, charts, network, versionSet, pods }: Overlay,
): StackFile {
  const own = (key: string): string => `${project}:${key}`;
  const plain = Object.entries(user).filter(([key]) => !encryption.includes(key) && key !== "config");
  const kept = Object.entries(before).filter(([key]) => encryption.includes(key));
  const all = mapping(withoutSecrets(user.config ?? {}));
  const config = setIn(user, project) === versionSet ? all : withoutOtherSet(all, own);
  const reasons = [config[own("renew")], network === undefined ? undefined : `network ${network}`];
  return {
    ...Object.fromEntries([...kept, ...plain]),
    config: {
      ...Object.fromEntries(
        Object.entries(config).filter(([key]) => !secretKeys.some((secret) => key === own(secret))),
      ),
      [own("versionSet")]: versionSet,
      ...(pods === "containers"
        ? { [own("values")]: mergeValues({ istiod: forUpstreamEnvoy }, mapping(config[own("values")])) }
        : // Simulated pods get ready whatever a real vcluster would make of the host.
          { [own("anyHost")]: true }),
      [own("hostContext")]: "host",
      [own("charts")]: charts,
      [own("renew")]: reasons
        .filter((reason) => reason !== undefined && reason !== null)
        .map(configText)
        .join(", "),
      ...Object.fromEntries(
        placeholders(config, project).map((key) => [own(key), before.config?.[own(key)]]),
      ),
    },
  };
}

/** Values of istiod for proxies without Istio's own filters, which the Envoy of the rehearsal is. */
const forUpstreamEnvoy = {
  pilot: { env: { PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false" } },
  telemetry: { enabled: false },
  // Its image has nft, and no iptables.
  global: { nativeNftables: true },
};

/** Keys that are a secret each. */
const secretKeys = ["licenseKey", "oidcClientSecret"];

/** Those of them that a configuration wants. */
export function placeholders(config: Mapping, project: string): string[] {
  const { oidc } = mapping(config[`${project}:capabilities`]);
  const isWanted: Readonly<Record<string, boolean>> = {
    licenseKey: true,
    oidcClientSecret: isMapping(oidc) && isMapping(oidc["issuer"]),
  };
  return secretKeys.filter((key) => isWanted[key]);
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((entry) => !isSecret(entry)).map(withoutSecrets);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => !isSecret(entry))
      .map(([key, entry]) => [key, withoutSecrets(entry)]),
  );
}

/** The user's file of a stack. */
function userStackFile(name: string): StackFile {
  const text = readFileIfAny(stackFileIn(root, name));
  if (text === undefined) throw new Failure(unknownStack(name), exitCodes.usage);
  return readStackFile(`Pulumi.${name}.yaml`, text, readProject(root).name);
}

/** The set of versions that a stack's file names, or leaves to the lab. */
const setIn = ({ config = {} }: StackFile, project: string): VersionSetName =>
  versionSetIn({ versionSet: config[`${project}:versionSet`] });

/** The set of versions that the user's file of a stack names, or leaves to the lab. */
export const ownSet = (name: string): VersionSetName => setIn(userStackFile(name), readProject(root).name);

/** Releases whose charts have other values in each set. */
const releasesOfSets = ["vcluster", "glooMeshCrds", "glooMeshEnterprise", "glooMeshAgent", "glooMeshAddOns"];

/** A configuration without what it says of the parts of its own set: in another one it means nothing. */
function withoutOtherSet(config: Mapping, own: (key: string) => string): Mapping {
  const without = (names: readonly string[], from: Mapping): Mapping =>
    Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
  const valued = (value: unknown): unknown =>
    isMapping(value) && isMapping(value["values"])
      ? { ...value, values: without(releasesOfSets, value["values"]) }
      : value;
  return Object.fromEntries(
    Object.entries(without([own("versions"), own("licenseKind")], config)).map(([key, value]) => {
      if (key === own("values")) return [key, without(releasesOfSets, mapping(value))];
      if (key === own("workloads") && Array.isArray(value)) return [key, value.map(valued)];
      return [key, valued(value)];
    }),
  );
}

/** The charts of a stack where it is rehearsed with a set: in versions that it chooses, if the set is its own. */
export function chartsOf(name: string, versionSet: VersionSetName): ByChart<ChartPin> {
  const set = versionSetOf(versionSet);
  const chosen =
    ownSet(name) === versionSet
      ? mapping(userStackFile(name).config?.[`${readProject(root).name}:versions`])
      : {};
  return chartPins(set, { ...set.versions, ...(chosen as Partial<Versions>) });
}

function unknownStack(name: string): string {
  const names = readdirSync(root).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  return `There is no Pulumi.${name}.yaml, so no stack "${name}" to rehearse. There is: ${names.join(", ")}.`;
}
