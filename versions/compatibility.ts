import type { Part, Range, Versions } from "./version-set.ts";
import { isAtLeast, minorOf, type VersionSetName, versionSetNames, versionSetOf } from "./versions.ts";

const within = (minor: number, [from, to]: Range): boolean => minor >= from && minor <= to;
const inWords = ([from, to]: Range): string => `1.${from} to 1.${to}`;

/** Versions that are chosen, and the set that they are chosen in. */
export interface ChosenVersions {
  readonly versionSet: VersionSetName;
  readonly versions: Versions;
}

/** Minor versions of a part that a set knows, e.g. `2.11 to 2.14`. */
function known(major: number, table: Readonly<Record<number, unknown>>): string {
  const minors = Object.keys(table).map(Number);
  const [least, most] = [Math.min(...minors), Math.max(...minors)];
  return least === most ? `${major}.${least}` : `${major}.${least} to ${major}.${most}`;
}

/**
 * What is not known to work in a combination of versions, and what may come of it; empty if all of it is known.
 * None of this is a reason to refuse: the tables are older than what people want to try.
 */
export function unknownCombinations({ versionSet, versions }: ChosenVersions): string[] {
  const { versions: own, compatibility } = versionSetOf(versionSet);
  const [kubernetes, istio] = [minorOf(versions.kubernetes), minorOf(versions.istio)];
  const onKubernetes = compatibility.istio[istio];
  const inVcluster = compatibility.vcluster[minorOf(versions.vcluster)]?.guests;
  const gloo = versions.glooMesh.startsWith("2.")
    ? compatibility.glooMesh[minorOf(versions.glooMesh)]
    : undefined;
  const inside = `Kubernetes inside is ${versions.kubernetes}`;
  const risks: readonly (string | false)[] = [
    versions.vcluster !== own.vcluster &&
      `vcluster ${versions.vcluster} is not known, only ${own.vcluster} is: other charts have other values, which are ignored or refused.`,
    inVcluster !== undefined &&
      !within(kubernetes, inVcluster) &&
      `vcluster ${versions.vcluster} is known with Kubernetes ${inWords(inVcluster)} inside only, and ${inside}: it may not start.`,
    (onKubernetes === undefined || !within(kubernetes, onKubernetes)) &&
      `Istio ${versions.istio} is ${onKubernetes === undefined ? "not known" : `known on Kubernetes ${inWords(onKubernetes)} only`}, and ${inside}: its charts may use APIs that are not there.`,
    gloo === undefined &&
      `Gloo Mesh ${versions.glooMesh} is not known, only ${known(2, compatibility.glooMesh)} is: its charts may have other values, and its resources other fields.`,
    gloo !== undefined &&
      !within(istio, gloo.istio) &&
      `Gloo Mesh ${versions.glooMesh} is known with Istio ${inWords(gloo.istio)} only, and Istio is ${versions.istio}: what it translates to may not be understood.`,
    gloo?.kubernetes !== undefined &&
      !within(kubernetes, gloo.kubernetes) &&
      `Gloo Mesh ${versions.glooMesh} is known on Kubernetes ${inWords(gloo.kubernetes)} only, and ${inside}: its charts may use APIs that are not there.`,
  ];
  return risks.filter((risk) => risk !== false);
}

/** From which version on a part has what the current set's values and steps are for, and why. */
const turns: Readonly<Partial<Record<Part, { readonly at: string; readonly because: string }>>> = {
  vcluster: { at: "0.20.0", because: "its chart has other values from 0.20 on" },
  glooMesh: { at: "2.3.0", because: "its charts have other names and values from 2.3 on" },
  istio: {
    at: "1.27.0",
    because:
      "its sidecars are init containers that stay from 1.27 on, which vcluster older than 0.20 does not pass on to the host",
  },
};

/** Whose line a version of a part is of; undefined: of both. */
function lineOf(part: Part, version: string): VersionSetName | undefined {
  // The distributions of Kubernetes differ, and their versions overlap.
  if (part === "kubernetes") return version.includes("k3s") ? "article" : "current";
  const turn = turns[part];
  if (turn === undefined || Number.isNaN(minorOf(version))) return undefined;
  return isAtLeast(version, turn.at) ? "current" : "article";
}

/** A version that is not of the line of its set. */
export interface OtherLine {
  readonly part: Part;
  readonly message: string;
}

/** The versions that are not of the line of the set that they are chosen in. */
export function otherLines(versionSet: VersionSetName, chosen: Readonly<Partial<Versions>>): OtherLine[] {
  return (Object.entries(chosen) as [Part, string][]).flatMap(([part, version]) => {
    const line = lineOf(part, version);
    if (line === undefined || line === versionSet) return [];
    const because =
      turns[part]?.because ??
      (versionSet === "current"
        ? "vcluster has had no k3s inside since 0.33"
        : `the article's vcluster has k3s inside, as ${versionSetOf("article").versions.kubernetes}`);
    return [
      {
        part,
        message: `${version} is of the line of versionSet ${line}, and the set is ${versionSet}: ${because}. Set versionSet to ${line}, or leave it out`,
      },
    ];
  });
}

/**
 * The parts of the lab whose images are for amd64 only. Istio's are for others, too, from 1.15 on, Bookinfo's from 1.17 on;
 * vcluster's, Kubernetes' and Keycloak's always were.
 * Source: release notes of Istio 1.15, "arm64 support".
 */
export const amd64Only = ({ istio, bookinfo, glooMesh: gloo }: Versions): string[] => [
  ...(minorOf(istio) < 15 ? [`Istio ${istio}`] : []),
  ...(minorOf(bookinfo) < 17 ? [`Bookinfo ${bookinfo}`] : []),
  ...(gloo.startsWith("2.0.") ? [`Gloo Mesh ${gloo}`] : []),
];

/** Hosts that a set of versions is known on: those of its own vcluster, where another one is not known. */
function hostsOf({ versionSet, versions }: ChosenVersions): Range {
  const { versions: own, compatibility } = versionSetOf(versionSet);
  const known =
    compatibility.vcluster[minorOf(versions.vcluster)] ?? compatibility.vcluster[minorOf(own.vcluster)];
  if (known === undefined)
    throw new Error(`versionSet ${versionSet} says nothing of the hosts of vcluster ${own.vcluster}`);
  return known.hosts;
}

/**
 * What is not known to work on a host, and what may come of it; undefined if it is known.
 *
 * @param version version of the host's Kubernetes, e.g. `v1.36.3`
 */
export function unknownHost(version: string, chosen: ChosenVersions): string | undefined {
  const hosts = hostsOf(chosen);
  return within(minorOf(version), hosts)
    ? undefined
    : `vcluster ${chosen.versions.vcluster} is known on hosts of Kubernetes ${inWords(hosts)} only, and the host is ${version}: pods inside may never become ready.`;
}

/** The first host that reports fields of pods which API servers inside must know (vcluster #3578). */
const strictHost = 34;

/** The first vcluster that leaves such fields out for an older API server inside. */
const lenientVcluster = "0.36.1";

/** Hosts of this minor version of Kubernetes and newer are known to break a lab. */
export interface BrokenFrom {
  readonly minor: number;
  /** What happens there, and what to do. */
  readonly because: string;
}

/**
 * Why a lab cannot be on a host; undefined where nothing is known against it.
 *
 * @param version version of the host's Kubernetes, e.g. `v1.36.3`
 */
export const objectionTo = (version: string, broken: BrokenFrom | undefined): string | undefined =>
  broken !== undefined && minorOf(version) >= broken.minor
    ? `the host is Kubernetes ${version}. ${broken.because}`
    : undefined;

const isBrokenOnNew = ({ vcluster, kubernetes }: Versions): boolean =>
  !isAtLeast(vcluster, lenientVcluster) && minorOf(kubernetes) < strictHost;

/** On which hosts these versions are known not to work; undefined: on none. */
export function brokenFrom({ versionSet, versions }: ChosenVersions): BrokenFrom | undefined {
  if (!isBrokenOnNew(versions)) return undefined;
  const { kubernetes, vcluster } = versions;
  const fitting = versionSetNames.filter((name) => !isBrokenOnNew(versionSetOf(name).versions));
  const remedies = [
    ...fitting.map((name) => (name === versionSet ? "leave versions out" : `set versionSet to ${name}`)),
    "or take a host of an older Kubernetes",
  ].join(", ");
  return {
    minor: strictHost,
    because: `With vcluster ${vcluster} and Kubernetes ${kubernetes} inside, pods never become ready on a host of 1.${strictHost} or newer (vcluster #3578). ${remedies.replace(/^./, (letter) => letter.toUpperCase())}.`,
  };
}

/** The sets that are known on a host. */
export const setsFor = (version: string): VersionSetName[] =>
  versionSetNames.filter((versionSet) =>
    within(minorOf(version), hostsOf({ versionSet, versions: versionSetOf(versionSet).versions })),
  );
