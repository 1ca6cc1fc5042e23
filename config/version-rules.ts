import { otherLines } from "../versions/compatibility.ts";
import { chartNames, parts } from "../versions/version-set.ts";
import { type VersionSetName, versionSetNames, versionSetOf } from "../versions/versions.ts";
import { type Mapping, mapping } from "../schema/mapping.ts";
import { clustersIn } from "./clusters.ts";
import { type Mistake, mistakeIf } from "./mistake.ts";

/** The set that a configuration names; the default one where it names none, or one that there is not. */
export const versionSetIn = ({ versionSet }: Mapping): VersionSetName =>
  versionSetNames.find((name) => name === versionSet) ?? versionSetNames[0];

/** What does not go with the set of versions that is chosen; nothing where there is no such set. */
export function versionMistakes(input: Mapping): Mistake[] {
  const { versionSet: chosen } = input;
  if (chosen !== undefined && !(versionSetNames as readonly unknown[]).includes(chosen)) return [];
  const name = versionSetIn(input);
  return [
    ...otherLines(name, chosenVersions(input)).map(({ part, message }) => ({
      path: `versions.${part}`,
      message,
    })),
    ...chartMistakes(name, input),
    ...releaseMistakes(name, input),
    ...sizeMistakes(name, input),
    ...mistakeIf(
      input["licenseKind"] !== undefined && versionSetOf(name).licenseKinds.length === 0,
      "licenseKind",
      `the charts of versionSet ${name} ask for no kind of key: leave it out`,
    ),
  ];
}

/** Versions that are chosen, as far as they are texts. */
const chosenVersions = ({ versions }: Mapping): Record<string, string> =>
  Object.fromEntries(
    parts.flatMap((part) => {
      const version = mapping(versions)[part];
      return typeof version === "string" ? [[part, version]] : [];
    }),
  );

function chartMistakes(name: VersionSetName, { repositories }: Mapping): Mistake[] {
  const own = versionSetOf(name).charts;
  return chartNames
    .filter((chart) => mapping(repositories)[chart] !== undefined && own[chart] === undefined)
    .map((chart) => ({
      path: `repositories.${chart}`,
      message: `versionSet ${name} has no such chart; it has ${Object.keys(own).join(", ")}`,
    }));
}

/** A release of kinds alone is the current set's. */
function releaseMistakes(name: VersionSetName, input: Mapping): Mistake[] {
  if (versionSetOf(name).charts.glooPlatformCrds !== undefined) return [];
  return [["", input] as const, ...clustersIn(input)].flatMap(([path, { values }]) =>
    mistakeIf(
      mapping(values)["glooMeshCrds"] !== undefined,
      `${path === "" ? "" : `${path}.`}values.glooMeshCrds`,
      `versionSet ${name} has no such release: its kinds come with glooMeshEnterprise and glooMeshAgent`,
    ),
  );
}

function sizeMistakes(name: VersionSetName, input: Mapping): Mistake[] {
  const { sized } = versionSetOf(name).controlPlane;
  return clustersIn(input).flatMap(([path, { resources }]) =>
    mistakeIf(
      mapping(resources)["syncer"] !== undefined && !sized.includes("syncer"),
      `${path}.resources.syncer`,
      `the control plane of versionSet ${name} is one container: set resources.vcluster`,
    ),
  );
}
