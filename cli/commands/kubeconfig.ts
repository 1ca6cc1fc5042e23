import { existsSync } from "node:fs";
import { Option } from "@commander-js/extra-typings";
import { parse } from "yaml";
import { currentContextIn } from "../../kubernetes/connection/kubeconfig.ts";
import type { Kubeconfig } from "../../values/kubeconfig.ts";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { type Changed, merged, type Owner, withdrawn } from "../kubeconfig/entries.ts";
import { changeFile, fileToWrite, kubeconfigFiles } from "../kubeconfig/file.ts";
import { readOutputs, readStack } from "../stack/lab.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

/** What became of a file. */
interface ChangedFile {
  readonly file: string;
  /** The lab's contexts in it now. */
  readonly contexts: readonly string[];
  /** Contexts that were taken away. */
  readonly removed: readonly string[];
  /** Its current context. */
  readonly current?: string | undefined;
}

export const kubeconfig = verb(
  "kubeconfig",
  "Writes a context for each cluster into your kubeconfig; all else in it stays as it is",
  "kubeconfig --use devcluster1",
)
  .option("--kubeconfig <file>", "default: the first file of $KUBECONFIG that there is, else ~/.kube/config")
  .option("--use <context>", "make this the current context; default: the current one stays, if there is one")
  .option("--force", "replace entries of the same names that are not this lab's")
  .addOption(new Option("--remove", "take the lab's contexts out again").conflicts(["use", "force"]))
  .action((options) => {
    const files = kubeconfigFiles(options.kubeconfig);
    return present(options, options.remove === true ? removedFrom(files) : mergedInto(files, options));
  });

async function mergedInto(
  files: readonly [string, ...string[]],
  options: { readonly use?: string | undefined; readonly force?: true | undefined },
): Promise<Report> {
  const [stack, { kubeconfig: text, contexts }] = await Promise.all([readStack(), readOutputs()]);
  if (options.use !== undefined && !contexts.includes(options.use))
    throw new Failure(
      `The lab has no context ${options.use}; it has ${contexts.join(", ")}.`,
      exitCodes.usage,
    );
  const owner = { stack, lab: parse(text) as Kubeconfig };
  const file = fileToWrite(files);
  const elsewhere = currentContextIn(files.filter((other) => other !== file));
  const { removed, current } = await changed(file, (before) =>
    merged(file, before, owner, { ...options, elsewhere }),
  );
  const facts: ChangedFile = { file, contexts, removed, current };
  return {
    facts,
    text: [
      `${file} has contexts ${contexts.join(", ")}; the current one is ${current ?? "none"}.`,
      ...(removed.length > 0 ? [`The lab no longer has ${removed.join(", ")}: taken out.`] : []),
      `kubectl --context ${contexts[0] ?? ""} get pods -A`,
    ].join("\n"),
  };
}

async function removedFrom(files: readonly string[]): Promise<Report> {
  // Also after the lab is gone: what is noted as the stack's is then all there is to go by.
  const [stack, outputs] = await Promise.all([readStack(), readOutputs().catch(() => undefined)]);
  const owner: Owner = { stack, lab: outputs && (parse(outputs.kubeconfig) as Kubeconfig) };
  const facts: ChangedFile[] = [];
  for (const file of files.filter((candidate) => existsSync(candidate))) {
    const { removed, current } = await changed(file, (text) => withdrawn(file, text ?? "", owner));
    facts.push({ file, contexts: [], removed, current });
  }
  const lines = facts.map(({ file, removed, current }) =>
    removed.length === 0
      ? `${file} has no context of the lab.`
      : `${file} no longer has ${removed.join(", ")}; the current context is ${current ?? "none"}.`,
  );
  return { facts, text: lines.length === 0 ? `There is no ${files.join(", no ")}.` : lines.join("\n") };
}

/** Changes a file, and gives what was changed. */
async function changed(file: string, change: (text: string | undefined) => Changed): Promise<Changed> {
  let result: Changed = { text: undefined, removed: [], current: undefined };
  await changeFile(file, (text) => {
    result = change(text);
    return result.text;
  });
  return result;
}
