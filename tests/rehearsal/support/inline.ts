import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Resource, ResourceOptions, ResourceTransformation } from "@pulumi/pulumi";
import {
  LocalWorkspace,
  PulumiCommand,
  type PulumiFn,
  type Stack,
  type UpOptions,
} from "@pulumi/pulumi/automation/index.js";
import { knowing } from "../../../rehearsal/host/network/name-space.ts";
import { paths, root } from "../../../rehearsal/kit/paths.ts";
import { describeStack } from "../../../rehearsal/engine/stack.ts";

/** A stack of the rehearsal whose program is given here instead of in `index.ts`. */
export async function inlineStack(name: string, program: PulumiFn): Promise<Stack> {
  const { env } = describeStack(name);
  // The program runs in this process, and asks the host itself.
  process.env["KUBECONFIG"] = env["KUBECONFIG"];
  // Plugins run where the project is, and the lab's steps are found from there.
  const workDir = await mkdtemp(join(tmpdir(), `${name}-`));
  symlinkSync(join(root, "dist"), join(workDir, "dist"));
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  writeFileSync(join(workDir, "Pulumi.yaml"), "name: mesh-lab\nruntime: nodejs\n");
  return LocalWorkspace.createOrSelectStack(
    { stackName: name, projectName: "mesh-lab", program },
    {
      workDir,
      pulumiHome: paths.pulumiHome,
      pulumiCommand: await PulumiCommand.get({
        root: dirname(dirname(knowing("pulumi"))),
        skipVersionCheck: true,
      }),
      envVars: env as Record<string, string>,
    },
  );
}

/** What hooks say: they run outside of what an inline program knows, and their words come to this process. */
const said: string[] = [];
for (const level of ["error", "warn", "info"] as const) {
  const write = console[level].bind(console);
  console[level] = (...words: unknown[]) => {
    said.push(words.join(" "));
    write(...words);
  };
}

/** Runs `up` that must fail, and gives its words, and all that hooks have said. */
export async function failureOf(stack: Stack, options: UpOptions = {}): Promise<string> {
  try {
    await stack.up({ parallel: 32, color: "never", ...options });
  } catch (error) {
    return [String(error), ...said].join("\n");
  }
  throw new Error(`${stack.name} came up, and was to fail`);
}

/** What a preview would do to each resource that does not stay the same. */
export async function opsOf(stack: Stack): Promise<Record<string, string>> {
  const ops: Record<string, string> = {};
  await stack.preview({
    onEvent: ({ resourcePreEvent: { metadata } = {} }) => {
      if (metadata !== undefined && metadata.op !== "same")
        ops[metadata.urn.split("::").at(-1) ?? ""] = metadata.op;
    },
  });
  return ops;
}

/** Gives the resource of a name to `use` as soon as there is one. */
export const captured =
  (name: string, use: (resource: Resource) => void): ResourceTransformation =>
  (args) => {
    if (args.name === name) use(args.resource);
    return undefined;
  };

/** Turns one edge of the graph round: `second` no longer waits for `first`, and `first` waits for `second`. */
export function reversed(first: string, second: string): ResourceTransformation {
  let resource: Resource | undefined;
  const { promise, resolve } = Promise.withResolvers<Resource>();
  return (args) => {
    const { name, props, opts } = args;
    if (name === first) {
      resource = args.resource;
      const dependsOn = promise.then((other) => [other]);
      return { props, opts: { ...opts, dependsOn } };
    }
    if (name !== second) return undefined;
    const before = [opts.dependsOn ?? []].flat();
    const dependsOn = before.filter((other) => other !== resource);
    if (dependsOn.length === before.length) {
      throw new Error(`${second} does not wait for ${first}: there is no edge to turn round`);
    }
    resolve(args.resource);
    return { props, opts: { ...opts, dependsOn } as ResourceOptions };
  };
}
