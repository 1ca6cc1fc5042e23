import type { ChartSources } from "../versions/charts.ts";
import type { TurnedOn } from "../capabilities/all.ts";
import type { Settings } from "./schema.ts";

/** A stack's configuration, complete and valid, without what is secret. */
export interface CheckedSettings extends Readonly<
  Omit<Settings, "charts" | "licenseKey" | "oidcClientSecret" | "imagePullSecret">
> {
  /** Whether pulling images takes a login. */
  readonly hasPullSecret: boolean;
  /** The capabilities that are on, and what each comes to where no address is known yet. */
  readonly enabled: readonly TurnedOn[];
  /** Where each chart comes from. */
  readonly charts: ChartSources;
}
