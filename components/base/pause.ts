import * as pulumi from "@pulumi/pulumi";
import { labCommand } from "../../messages/commands.ts";

/** What holds for resources in a virtual cluster while it is paused, and nobody can make, change or remove any. */
export class Pause {
  /**
   * What a program says of a resource waits until somebody can do it; what is missing cannot wait. No transform: the
   * engine calls those one by one, as resources are registered, and a step must be told of all as soon as the program has
   * declared them.
   */
  readonly leavesAsItIs: pulumi.ResourceTransformation;
  /** Hook for a step that is told what the cluster holds: nothing of that may be missing later. */
  readonly keepsAll: pulumi.ResourceHook;
  readonly #names: string[] = [];

  constructor(name: string, cluster: string) {
    const refuse = (what: string): never => {
      throw new Error(
        `${cluster} is paused, and ${what}: ${labCommand(`resume ${cluster}`)}, or take its "paused" away.`,
      );
    };
    const beforeCreate = new pulumi.ResourceHook(
      `${name}-paused`,
      ({ name: resource }) => {
        if (resource === `${name}-kubeconfig`)
          throw new Error(
            `${cluster} is yet to be made, and can be paused only then: take its "paused" away.`,
          );
        refuse(`${resource} is yet to be made`);
      },
      { onDryRun: true },
    );
    this.leavesAsItIs = ({ resource, name: resourceName, props, opts }) => {
      if (resource instanceof pulumi.CustomResource) this.#names.push(resourceName);
      return {
        props,
        opts: { ...opts, ignoreChanges: ["*"], hooks: { ...opts.hooks, beforeCreate: [beforeCreate] } },
      };
    };
    this.keepsAll = new pulumi.ResourceHook(
      `${name}-kept`,
      async ({ oldInputs, newInputs }) => {
        const [before, now] = await Promise.all([oldInputs, newInputs].map(heldIn));
        const gone = before?.filter((resource) => now?.includes(resource) === false) ?? [];
        if (gone.length > 0) refuse(`${gone.join(", ")} would be removed from it`);
      },
      { onDryRun: true },
    );
  }

  /** Names of all resources in the cluster, once the program has declared them. */
  holds(): Promise<string[]> {
    return new Promise((resolve) => {
      setImmediate(() => {
        resolve(this.#names.toSorted());
      });
    });
  }
}

/** What a step was told that a cluster holds; undefined: nothing of that. */
const heldIn = (inputs: Readonly<Record<string, unknown>> | undefined): Promise<string[] | undefined> =>
  new Promise((resolve) => {
    pulumi.output(inputs?.["create"] as string | undefined).apply((spec) => {
      resolve((JSON.parse(spec ?? "{}") as { readonly holds?: string[] }).holds);
    });
  });
