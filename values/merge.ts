import type { ReleaseKind } from "../schema/releases.ts";

/** Helm values, or a part of them. */
export type HelmValues = Readonly<Record<string, unknown>>;

/** What the configuration says of values, by kind of release. */
export type ExtraValues = Readonly<Partial<Record<ReleaseKind, HelmValues | undefined>>>;

const isMapping = (value: unknown): value is HelmValues =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/**
 * Lays values over others as Helm does: mappings are merged, and everything else, lists too, takes the place of what
 * was there. `null` is kept: to Helm it takes a chart's default away.
 */
export function mergeValues(...layers: readonly (HelmValues | undefined)[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>((below, above = {}) => {
    const merged = Object.entries(above).map(([key, value]) => {
      const under = below[key];
      return [key, isMapping(under) && isMapping(value) ? mergeValues(under, value) : value] as const;
    });
    return { ...below, ...Object.fromEntries(merged) };
  }, {});
}
