import type { ChartSources } from "../versions/charts.ts";
import type { Settings } from "./schema.ts";

/** A stack's configuration, complete and valid, without what is secret. */
export interface CheckedSettings extends Readonly<
  Omit<Settings, "charts" | "licenseKey" | "oidcClientSecret" | "imagePullSecret">
> {
  /** Whether pulling images takes a login. */
  readonly hasPullSecret: boolean;
  /** Where each chart comes from. */
  readonly charts: ChartSources;
}
