/** Helm releases: installed, upgraded and removed by the helm program, compared by their inputs. */

import { randomBytes } from "node:crypto";
import { parseAllDocuments } from "yaml";
import { folderVersion } from "../../../charts.ts";
import { log } from "../engine.ts";
import { isObject, PartialFailure, type Props, UNKNOWN } from "../provider.ts";
import { unsupported } from "./config.ts";
import { diff } from "./diff.ts";
import type { Helm } from "./helm.ts";
import { urnName } from "./inputs.ts";
import { holdsUnknown, messageOf, number, parseId, record, text } from "./object.ts";
import type { Operations } from "./raw.ts";
import { latestRevision, problemsOf, resourceNames, revisionOf } from "./revision.ts";
import type { Session } from "./session.ts";

type Operation = "install" | "upgrade";

/** Inputs that are flags of helm, and of which of its commands. */
const switches: Readonly<Record<string, Readonly<Partial<Record<Operation, string>>>>> = {
  atomic: { install: "--atomic", upgrade: "--atomic" },
  cleanupOnFail: { upgrade: "--cleanup-on-fail" },
  createNamespace: { install: "--create-namespace" },
  dependencyUpdate: { install: "--dependency-update", upgrade: "--dependency-update" },
  disableOpenapiValidation: { install: "--disable-openapi-validation" },
  disableWebhooks: { install: "--no-hooks" },
  replace: { install: "--replace" },
  skipCrds: { install: "--skip-crds" },
};
const others =
  "name namespace chart version repositoryOpts values timeout skipAwait waitForJobs maxHistory description";
const supported = new Set([...Object.keys(switches), ...others.split(" ")]);
/** Inputs the SDK sends along, which mean nothing. */
const meaningless = new Set(["allowNullValues", "compat", "manifest", "resourceNames", "status", "checksum"]);

const isGiven = (value: unknown): boolean =>
  Boolean(value) && !(Array.isArray(value) && value.length === 0) && !holdsUnknown(value);

/** Where helm finds the chart. */
function chartArgs(inputs: Props): string[] {
  const [chart, repo] = [text(inputs, "chart").trim(), text(inputs, "repositoryOpts", "repo")];
  const version = text(inputs, "version");
  const where = chart.startsWith("oci://") || repo === "" ? [] : ["--repo", repo];
  return [chart, ...where, ...(version === "" ? [] : ["--version", version])];
}

const timeoutArgs = (inputs: Props): string[] => ["--timeout", `${number(inputs, "timeout") || 300}s`];

function helmArgs(operation: Operation, inputs: Props): string[] {
  const flags = Object.entries(switches).flatMap(([key, { [operation]: name }]) =>
    inputs[key] === true && name !== undefined ? [name] : [],
  );
  const waits = inputs["skipAwait"] !== true;
  const description = text(inputs, "description");
  return [
    operation,
    text(inputs, "name"),
    ...chartArgs(inputs),
    "--namespace",
    text(inputs, "namespace"),
    "--values",
    "-",
    ...timeoutArgs(inputs),
    ...(waits ? ["--wait"] : []),
    ...(waits && inputs["waitForJobs"] === true ? ["--wait-for-jobs"] : []),
    ...(operation === "upgrade" ? ["--history-max", String(number(inputs, "maxHistory"))] : []),
    ...(description === "" ? [] : ["--description", description]),
    ...flags,
  ];
}

/** Outputs known before helm has run. */
const planned = (inputs: Props): Props => ({ ...inputs, resourceNames: UNKNOWN, status: UNKNOWN });

function outputsOf(inputs: Props, revision: Props | undefined): Props {
  if (revision === undefined) return inputs;
  const chart = (field: string): string => text(revision, "chart", "metadata", field);
  return {
    ...inputs,
    version: chart("version"),
    values: { ...(isObject(inputs["values"]) ? inputs["values"] : {}) },
    resourceNames: resourceNames(revision),
    status: {
      name: text(revision, "name"),
      namespace: text(revision, "namespace"),
      revision: revisionOf(revision),
      status: text(revision, "info", "status"),
      chart: chart("name"),
      version: chart("version"),
      appVersion: chart("appVersion"),
    },
  };
}

/** The operations on Helm releases, in the session's cluster. */
export function releases(session: Session, helm: Helm): Operations {
  const { cluster } = session;
  const kubeconfig = session.kubeConfig?.exportConfig() ?? "";
  const lookup = async (namespace: string, name: string): Promise<Props | undefined> =>
    cluster && latestRevision(cluster, namespace, name);

  /** The version found, of the many that the program's constraint may allow; releases may have a chart in common. */
  const found = new Map<string, Promise<string>>();
  function foundVersion(inputs: Props): Promise<string> {
    const args = chartArgs(inputs);
    const key = args.join(" ");
    const local = folderVersion(text(inputs, "chart"));
    // A folder has but one version, which says more quickly than a process.
    if (local !== undefined) return Promise.resolve(local);
    const version =
      found.get(key) ??
      helm.run(["show", "chart", ...args]).then((metadata) => {
        const [chart] = parseAllDocuments(metadata).map((document) => document.toJS() as unknown);
        return text(chart, "version");
      });
    found.set(key, version);
    return version;
  }

  /** Runs helm; a failure that left a new revision behind is a partial one, so that the next run upgrades it. */
  async function write(operation: Operation, inputs: Props, told: string): Promise<Props> {
    if (cluster === undefined) {
      const verb = operation === "install" ? "create" : "update";
      throw new Error(`can't ${verb} Helm Release with unreachable cluster: ${session.unreachable}`);
    }
    const [namespace, name] = [text(inputs, "namespace"), text(inputs, "name")];
    const before = revisionOf(await lookup(namespace, name));
    try {
      await helm.run(helmArgs(operation, inputs), { kubeconfig, values: inputs["values"] ?? {} });
      return outputsOf(inputs, await lookup(namespace, name));
    } catch (error) {
      const reason = messageOf(error);
      const revision = await lookup(namespace, name).catch(() => undefined);
      if (revision === undefined || revisionOf(revision) === before) throw error;
      const id = `${namespace}/${name}`;
      const message = `Helm release "${id}" ${told}. Use Helm CLI to investigate: failed to become available within allocated timeout. Error: Helm Release ${id}: ${reason}`;
      const problems = await problemsOf(cluster, revision);
      throw new PartialFailure(id, outputsOf(inputs, revision), inputs, [message, ...problems]);
    }
  }

  return {
    async check({ urn, olds, news }) {
      if (cluster === undefined && session.settings.skipUpdateUnreachable) return { inputs: olds };
      const refused = Object.keys(news).filter((key) => !supported.has(key) && !meaningless.has(key));
      const repository = Object.keys(record(news, "repositoryOpts")).filter((key) => key !== "repo");
      const failures = [
        ...refused.filter((key) => isGiven(news[key])),
        ...repository.map((key) => `repositoryOpts.${key}`),
      ].map((property) => ({ property, reason: unsupported(`"${property}" of a Release`) }));
      const fresh = `${urnName(urn)}-${randomBytes(4).toString("hex")}`;
      const inputs: Props = {
        ...Object.fromEntries(Object.entries(news).filter(([key]) => supported.has(key))),
        name: news["name"] ?? (text(olds, "name") || fresh),
        namespace: news["namespace"] || session.settings.namespace,
        ...(news["skipAwait"] === true ? {} : { timeout: news["timeout"] ?? 300 }),
      };
      if (failures.length > 0 || holdsUnknown(inputs)) return { inputs, failures };
      try {
        return { inputs: { ...inputs, version: await foundVersion(inputs) } };
      } catch (error) {
        const reason = `${messageOf(error)}; check the chart name and repository configuration.`;
        return { inputs, failures: [{ property: "chart", reason }] };
      }
    },

    diff: async ({ oldInputs, olds, news, ignoreChanges }) => {
      const ignored = ignoreChanges.includes("version") ? { ...news, version: olds["version"] } : news;
      return diff(oldInputs, ignored, ["name", "namespace"]);
    },

    async create({ urn, inputs, preview }) {
      if (preview) return { id: "", outputs: planned(inputs) };
      const id = `${text(inputs, "namespace")}/${text(inputs, "name")}`;
      try {
        return {
          id,
          outputs: await write("install", inputs, "was created, but failed to initialize completely"),
        };
      } catch (error) {
        if (error instanceof PartialFailure) {
          log(
            "warning",
            `Helm release "${text(inputs, "name")}" was created but has a failed status. Use the \`helm\` command to investigate the error, correct it, then retry.`,
            urn,
          );
        }
        throw error;
      }
    },

    async update({ news, preview }) {
      if (preview) return { outputs: planned(news) };
      return { outputs: await write("upgrade", news, "failed to initialize completely") };
    },

    async read({ id, inputs, state }) {
      const gone = { id: "", inputs: {}, outputs: {} };
      if (cluster === undefined) {
        if (session.settings.deleteUnreachable) return gone;
        if (session.settings.skipUpdateUnreachable) return { id, inputs, outputs: state };
        throw new Error(`failed to read resource state due to unreachable cluster: ${session.unreachable}`);
      }
      const { namespace, name } = parseId(id);
      const revision = await lookup(namespace, name);
      if (revision === undefined) return gone;
      const found = outputsOf({ name, namespace, ...inputs }, revision);
      const live: Props = {
        chart: text(revision, "chart", "metadata", "name"),
        ...inputs,
        name,
        namespace,
        version: found["version"],
        values: revision["config"] ?? {},
      };
      return { id, inputs: live, outputs: { ...found, ...live } };
    },

    async delete({ id, state }) {
      if (cluster === undefined) {
        throw new Error(
          `can't delete Helm Release with unreachable cluster. Reason: "${session.unreachable}"`,
        );
      }
      const { namespace, name } = parseId(id);
      const waits = state["skipAwait"] !== true || state["atomic"] === true;
      const wait = waits ? ["--wait", ...timeoutArgs(state)] : [];
      await helm.run(["uninstall", name, "--namespace", namespace, ...wait], { kubeconfig });
    },
  };
}
