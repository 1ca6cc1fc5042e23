import type { ChartSources } from "../versions/charts.ts";
import type { Versions, VersionSet } from "../versions/version-set.ts";
import type { TurnedOn } from "../capabilities/all.ts";
import type { Settings } from "./schema.ts";

/** A stack's configuration, complete and valid, without what is secret. */
export interface CheckedSettings extends Readonly<
  Omit<Settings, "charts" | "versions" | "licenseKey" | "oidcClientSecret" | "imagePullSecret">
> {
  /** The set of a stack's `versionSet`, with what differs by set. */
  readonly set: VersionSet;
  /** The version of each part: the one that is chosen, else the set's. */
  readonly versions: Versions;
  /** Whether pulling images takes a login. */
  readonly hasPullSecret: boolean;
  /** The capabilities that are on, and what each comes to where no address is known yet. */
  readonly enabled: readonly TurnedOn[];
  /** Where each chart comes from. */
  readonly charts: ChartSources;
}
