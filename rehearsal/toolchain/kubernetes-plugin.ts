import { readFileSync } from "node:fs";
import { join } from "node:path";
import { goModule } from "./go-module.ts";
import { goOrigin } from "./go-program.ts";
import type { Tool } from "./tool.ts";

// The provider's own module has no versions, for its tags are those of the repository. It is pinned to the commit of
// tag v4.25.0, and requires the SDK of the same tag.
const sdk = "github.com/pulumi/pulumi-kubernetes/sdk/v4";
const provider = "github.com/pulumi/pulumi-kubernetes/provider/v4";
/** It does not compile with the Kubernetes of the other tools. */
const module = goModule(join(import.meta.dirname, "kubernetes-plugin"));

/** Its releases say their version without the letter. */
const said = (pin: string): string => pin.replace(/^v/, "");

/** Pulumi's Kubernetes plugin, which is built where it can neither be found nor downloaded. */
export const kubernetesPlugin: Tool = {
  name: "pulumi-resource-kubernetes",
  cost: 600,
  versionArgs: ["--version"],
  instead:
    "put a released plugin on PATH, or run pulumi plugin install resource kubernetes where there is internet",
  origin: goOrigin({
    module,
    package: ".",
    pin: sdk,
    variables: (pin) => ({ [`${provider}/pkg/version.Version`]: said(pin) }),
    // The SDK is some hundred thousand lines of getters; not to inline them saves a fifth of their time.
    flags: [`-gcflags=${sdk}/...=-l`],
    embedded: { module: provider, files: (folder) => schemasIn(folder, said(module.pin(sdk))) },
  }),
};

/** The plugin's schemas; the module has them without a version. */
function schemasIn(folder: string, version: string): Readonly<Record<string, string>> {
  const parse = (file: string) =>
    JSON.parse(readFileSync(join(folder, "cmd", "pulumi-resource-kubernetes", file), "utf8")) as object;
  return {
    "schema.json": JSON.stringify({ ...parse("schema.json"), version }),
    "terraform-mapping.json": JSON.stringify(parse("terraform-mapping.json")),
  };
}
