import type * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { keptSet, refusal } from "../../../components/base/kept-set.ts";
import type { VersionSetName } from "../../../versions/versions.ts";
import { record } from "../support/record.ts";

/** What the hook makes of a lab that was made with these inputs. */
const change = (chosen: VersionSetName, oldInputs: object | undefined) => () =>
  keptSet("lab", chosen).callback({ oldInputs } as unknown as pulumi.ResourceHookArgs);

const ofCurrent =
  "this stack's lab was made with versionSet current, and cannot become one of article. To go on with it: pulumi config set versionSet current. For a lab of article: pulumi destroy first, or make a new stack. Nothing has been changed.";
const ofArticle =
  "this stack's lab was made with versionSet article, and cannot become one of current. To go on with it: pulumi config set versionSet article. For a lab of current: pulumi destroy first, or make a new stack. Nothing has been changed.";

describe("a lab that was made", () => {
  beforeAll(async () => {
    // Hooks are registered with an engine.
    await record(
      () => ({}),
      () => undefined,
    );
  });

  it.each<[what: string, oldInputs: object | undefined, chosen: VersionSetName, said: string]>([
    ["with versions of today", { versionSet: "current" }, "article", ofCurrent],
    ["with the article's", { versionSet: "article" }, "current", ofArticle],
    ["before there were sets", {}, "current", ofArticle],
    ["before anything was noted of it", undefined, "current", ofArticle],
  ])("%s takes no other set, and says what to do", (_, oldInputs, chosen, said) => {
    expect(change(chosen, oldInputs)).toThrow(new Error(said));
  });

  it.each<[oldInputs: object | undefined, chosen: VersionSetName]>([
    [{ versionSet: "current" }, "current"],
    [{ versionSet: "article" }, "article"],
    [{}, "article"],
    [undefined, "article"],
  ])("with %j goes on with set %s", (oldInputs, chosen) => {
    expect(change(chosen, oldInputs)).not.toThrow();
  });

  it("is refused in a preview, too", () => {
    expect(keptSet("lab", "current")).toMatchObject({
      name: "lab-version-set",
      opts: { onDryRun: true },
    });
  });

  it("is told what to do in words of a rehearsal, where it is one", () => {
    vi.stubEnv("MESH_LAB_REHEARSAL", "make");
    vi.stubEnv("PULUMI_STACK", "dev");
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(refusal("article", "current")).toBe(
      "this stack's lab was made with versionSet article, and cannot become one of current. To go on with it: set versionSet to article in Pulumi.dev.yaml. For a lab of current: make rehearse-down first, or make a new stack. Nothing has been changed.",
    );
  });
});
