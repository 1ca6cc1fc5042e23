import { minorOf, type Versions } from "./versions.ts";

/** From one minor version to another, both included. */
type Range = readonly [from: number, to: number];

const within = (minor: number, [from, to]: Range): boolean => minor >= from && minor <= to;
const inWords = ([from, to]: Range): string => `1.${from} to 1.${to}`;

/**
 * Minor versions of Kubernetes on which each minor version of Istio is supported.
 * Source: istio.io, "Support status of Istio releases".
 */
const kubernetesOfIstio: Readonly<Record<number, Range>> = {
  9: [17, 20],
  10: [18, 21],
  11: [18, 22],
  12: [19, 22],
  13: [20, 23],
  14: [21, 24],
  15: [22, 25],
  16: [22, 25],
};

/**
 * What each minor version of Gloo Mesh 2 is supported with.
 * Source: docs.solo.io, "Supported versions" of Gloo Mesh Enterprise 2.0.
 */
const glooMesh: Readonly<Record<number, { readonly istio: Range; readonly kubernetes: Range }>> = {
  0: { istio: [9, 13], kubernetes: [17, 23] },
};

/** The only chart whose values, Secret and names the lab knows. */
const vcluster = "0.10.2";

/**
 * Hosts that nothing is known to speak against: vcluster 0.10.2 chooses a guest for Kubernetes 1.16 and newer, and from
 * 1.34 on hosts report fields of pods that older syncers drop, so that guests' pods stay not ready (vcluster #3578).
 */
const hosts: Range = [16, 33];

/**
 * What is not known to work in a combination of versions, and what may come of it; empty if all of it is known.
 * None of this is a reason to refuse: the tables are older than what people want to try.
 */
export function unknownCombinations(versions: Versions): string[] {
  const [k3s, istio, gloo] = [versions.k3s, versions.istio, versions.glooMesh].map(minorOf) as [
    number,
    number,
    number,
  ];
  const onKubernetes = kubernetesOfIstio[istio];
  const withGloo = versions.glooMesh.startsWith("2.") ? glooMesh[gloo] : undefined;
  return [
    versions.vcluster === vcluster
      ? undefined
      : `vcluster ${versions.vcluster} is not known, only ${vcluster} is: other charts have other values, which are ignored or refused.`,
    onKubernetes !== undefined && within(k3s, onKubernetes)
      ? undefined
      : `Istio ${versions.istio} is ${onKubernetes === undefined ? "not known" : `known on Kubernetes ${inWords(onKubernetes)} only`}, and k3s is ${versions.k3s}: its charts may use APIs that are not there.`,
    withGloo === undefined
      ? `Gloo Mesh ${versions.glooMesh} is not known, only 2.0 is: its charts may have other values, and its resources other fields.`
      : undefined,
    withGloo === undefined || within(istio, withGloo.istio)
      ? undefined
      : `Gloo Mesh ${versions.glooMesh} is known with Istio ${inWords(withGloo.istio)} only, and Istio is ${versions.istio}: what it translates to may not be understood.`,
    withGloo === undefined || within(k3s, withGloo.kubernetes)
      ? undefined
      : `Gloo Mesh ${versions.glooMesh} is known on Kubernetes ${inWords(withGloo.kubernetes)} only, and k3s is ${versions.k3s}: its charts may use APIs that are not there.`,
  ].filter((risk) => risk !== undefined);
}

/**
 * The parts of the lab whose images are for amd64 only. Istio's are for others, too, from 1.15 on, Bookinfo's from 1.17 on;
 * k3s', vcluster's and Keycloak's always were.
 * Source: release notes of Istio 1.15, "arm64 support".
 */
export const amd64Only = ({ istio, bookinfo, glooMesh: gloo }: Versions): string[] => [
  ...(minorOf(istio) < 15 ? [`Istio ${istio}`] : []),
  ...(minorOf(bookinfo) < 17 ? [`Bookinfo ${bookinfo}`] : []),
  ...(gloo.startsWith("2.0.") ? [`Gloo Mesh ${gloo}`] : []),
];

/**
 * What is not known to work on a host, and what may come of it; undefined if it is known.
 *
 * @param version version of the host's Kubernetes, e.g. `v1.36.3`
 */
export function unknownHost(version: string, { vcluster: guest }: Versions): string | undefined {
  return within(minorOf(version), hosts)
    ? undefined
    : `vcluster ${guest} is known on hosts of Kubernetes ${inWords(hosts)} only, and the host is ${version}: pods inside may never become ready.`;
}
