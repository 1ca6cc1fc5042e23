import { pulumiCommand } from "../../messages/commands.ts";
import { realpathSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { firstExecutable } from "../../versions/executables.ts";
import { executableOf, packageVersion, plugins } from "../../versions/plugins.ts";
import { pulumi } from "../stack/pulumi.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "./check.ts";
import { pathOfPrograms } from "./tools.ts";

interface Installed {
  readonly name: string;
  readonly kind: string;
  readonly version?: string;
}

export const pluginCheck: Check<unknown> = {
  name: "plugins",
  look: async () => {
    const installed = JSON.parse(await pulumi("plugin", "ls", "--json")) as Installed[];
    const folders = pathOfPrograms(process.env).split(delimiter);
    const cli = firstExecutable(folders, "pulumi");
    return judgedPlugins(
      installed,
      (program) =>
        firstExecutable([...folders, ...(cli === undefined ? [] : [dirname(realpathSync(cli))])], program),
      packageVersion,
    );
  },
};

/**
 * What to make of the plugins.
 *
 * @param find where a program is; undefined: nowhere
 * @param versionOfPackage the version of an installed package
 */
export function judgedPlugins(
  installed: readonly Installed[],
  find: (program: string) => string | undefined,
  versionOfPackage: (name: string) => string,
): Finding {
  const missing = plugins.filter((plugin) => {
    const { kind, name, package: own } = plugin;
    const isInstalled = installed.some(
      (one) => one.kind === kind && one.name === name && one.version === versionOfPackage(own),
    );
    return !isInstalled && find(executableOf(plugin)) === undefined;
  });
  const [first] = missing;
  if (first === undefined) return fine(plugins.map(({ name }) => name).join(", "));
  const language = missing.find(({ kind }) => kind === "language");
  if (language !== undefined)
    return wrong(
      `there is no ${executableOf(language)}`,
      "It comes with Pulumi, beside its executable: install Pulumi anew.",
    );
  const names = missing.map((plugin) => `${plugin.name} ${versionOfPackage(plugin.package)}`);
  return doubtful(
    `not installed yet: ${names.join(", ")}`,
    `${pulumiCommand("up")} fetches what is missing; without internet: ${pulumiCommand(`plugin install resource ${first.name} ${versionOfPackage(first.package)} --file ARCHIVE`)}.`,
  );
}
