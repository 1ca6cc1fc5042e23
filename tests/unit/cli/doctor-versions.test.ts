import { describe, expect, it } from "vitest";
import { judgedHostVersion, judgedVersions } from "../../../cli/doctor/configuration.ts";
import { type VersionSetName, versionSets } from "../../../versions/versions.ts";

const settings = (versionSet: VersionSetName, anyHost = false) => ({
  versionSet,
  versions: versionSets[versionSet].versions,
  anyHost,
});

describe("the version of a host", () => {
  it.each<[version: string, set: VersionSetName]>([
    ["v1.33.13", "article"],
    ["v1.31.4+k3s1", "article"],
    ["v1.33.13", "current"],
    ["v1.36.6-eks-1", "current"],
  ])("%s is fine for set %s", (version, set) => {
    expect(judgedHostVersion(version, settings(set))).toEqual({ level: "fine", found: version });
  });

  it.each<[version: string, set: VersionSetName, found: string, advice: string]>([
    [
      "v1.34.0",
      "article",
      "vcluster 0.10.2 is known on hosts of Kubernetes 1.16 to 1.33 only, and the host is v1.34.0: pods inside may never become ready.",
      "Set versionSet to current, which is known there; or take another host; or set anyHost to true and try: nothing of the host is changed by that.",
    ],
    [
      "v1.30.2",
      "current",
      "vcluster 0.36.1 is known on hosts of Kubernetes 1.33 to 1.36 only, and the host is v1.30.2: pods inside may never become ready.",
      "Set versionSet to article, which is known there; or take another host; or set anyHost to true and try: nothing of the host is changed by that.",
    ],
    [
      "v1.37.2",
      "current",
      "vcluster 0.36.1 is known on hosts of Kubernetes 1.33 to 1.36 only, and the host is v1.37.2: pods inside may never become ready.",
      "Take another host; or set anyHost to true and try: nothing of the host is changed by that.",
    ],
  ])("%s is wrong for set %s", (version, set, found, advice) => {
    expect(judgedHostVersion(version, settings(set))).toEqual({ level: "wrong", found, advice });
  });

  it("is a doubt where any host is to be taken", () => {
    expect(judgedHostVersion("v1.36.3", settings("article", true))).toMatchObject({
      level: "doubtful",
      advice: "anyHost says to try.",
    });
  });
});

describe("the versions of a stack", () => {
  it.each<[set: VersionSetName, found: string]>([
    ["current", "the current set: vcluster 0.36.1 with Kubernetes v1.35.0, Istio 1.30.3, Gloo Mesh 2.14.0"],
    [
      "article",
      "the article set: vcluster 0.10.2 with Kubernetes v1.22.5-k3s1, Istio 1.12.6, Gloo Mesh 2.0.9",
    ],
  ])("are named with their set: %s", (set, found) => {
    expect(judgedVersions(settings(set))).toEqual([{ level: "fine", found }]);
  });
});
