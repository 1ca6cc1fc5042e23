import { beforeAll, describe, expect, it } from "vitest";
import {
  containerLines,
  type Labels,
  type Manifest,
  type Release,
  render,
  serviceLine,
  titleOf,
} from "./charts.ts";

/** A release, and what the real chart makes of its values. */
export interface Case extends Release {
  /** Names of its objects, by kind. */
  readonly objects: Labels;
  /** As `serviceLine` has them. */
  readonly services?: readonly string[];
  /** As `containerLines` has them. */
  readonly containers?: readonly string[];
}

/**
 * Compares what charts render with what the real ones do.
 *
 * @param given whose values these are
 * @param selectors of each Service and workload by `KIND NAME`, where it is not just `app=NAME`
 * @returns what is rendered, once the tests run
 */
export function describeCases<Name extends string>(
  given: string,
  cases: Readonly<Record<Name, Case>>,
  selectors: Readonly<Record<string, Labels>> = {},
): Readonly<Record<Name, readonly Manifest[]>> {
  const names = Object.keys(cases) as Name[];
  const rendered = {} as Record<Name, readonly Manifest[]>;
  beforeAll(async () => {
    await Promise.all(names.map(async (name) => (rendered[name] = await render(cases[name]))));
  }, 60_000);

  describe.each(names)(`the chart of %s, with ${given} values,`, (name) => {
    it("renders the objects of the real one", () => {
      const objects: Record<string, string[]> = {};
      for (const { kind, metadata } of rendered[name]) (objects[kind] ??= []).push(metadata.name);
      const expected = Object.entries(cases[name].objects).map(([kind, named]) => [kind, named.split(" ")]);
      for (const named of Object.values(objects)) named.sort();
      expect(objects).toEqual(Object.fromEntries(expected));
    });

    it("puts every namespaced object into the release's namespace", () => {
      const clusterWide = /^(Cluster|Mutating|Validating)/;
      const namespaced = rendered[name].filter(({ kind }) => !clusterWide.test(kind));
      expect(new Set(namespaced.map(({ metadata }) => metadata.namespace))).toEqual(
        new Set([cases[name].namespace]),
      );
    });

    it("has the services of the real one", () => {
      const services = rendered[name].filter(({ kind }) => kind === "Service");
      expect(services.map(serviceLine)).toEqual(cases[name].services ?? []);
    });

    it("has the containers of the real one, and their requests", () => {
      const workloads = rendered[name].filter(({ spec }) => spec?.template);
      expect(workloads.flatMap(containerLines)).toEqual(cases[name].containers ?? []);
    });

    it("selects its own pods, by the labels of the real one", () => {
      for (const manifest of rendered[name]) {
        const { spec } = manifest;
        const selector = spec?.template ? spec.selector?.matchLabels : spec?.selector;
        if (!selector || !/^(Service|Deployment|StatefulSet)$/.test(manifest.kind)) continue;
        expect([titleOf(manifest), selector]).toEqual([
          titleOf(manifest),
          selectors[titleOf(manifest)] ?? { app: manifest.metadata.name },
        ]);
        if (spec?.template) expect(spec.template.metadata.labels).toMatchObject(selector);
      }
    });
  });
  return rendered;
}
