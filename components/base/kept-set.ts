import * as pulumi from "@pulumi/pulumi";
import { pulumiCommand, setting } from "../../messages/commands.ts";
import type { VersionSetName } from "../../versions/versions.ts";

/** What the state of a stack that is older than sets of versions was made with. */
const beforeSets: VersionSetName = "article";

/** Ends a run, and a preview, of a lab that was made with another set of versions, before anything of it is planned. */
export const keptSet = (name: string, chosen: VersionSetName): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    `${name}-version-set`,
    ({ oldInputs }) => {
      const { versionSet: made = beforeSets } = (oldInputs ?? {}) as { readonly versionSet?: string };
      if (made !== chosen) throw new Error(refusal(made, chosen));
    },
    { onDryRun: true },
  );

/** Why a lab does not take another set of versions, and what to do. */
export const refusal = (made: string, chosen: string): string =>
  `this stack's lab was made with versionSet ${made}, and cannot become one of ${chosen}. To go on with it: ${setting("versionSet", made)}. For a lab of ${chosen}: ${pulumiCommand("destroy")} first, or make a new stack. Nothing has been changed.`;
