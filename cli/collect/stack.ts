import { pulumiCommand } from "../../messages/commands.ts";
import { pulumi } from "../stack/pulumi.ts";
import { table } from "../terminal/table.ts";
import type { Collected } from "./cluster.ts";
import { yaml } from "./files.ts";
import { blank, secretsInState, withoutNames, textsIn, withoutSecretValues } from "./secrets.ts";

/** A state as `pulumi stack export` gives it, as far as one looks at it. */
interface State {
  readonly deployment?: {
    readonly manifest?: unknown;
    readonly resources?: readonly Resource[];
    readonly pending_operations?: readonly { readonly type: string; readonly resource: Resource }[];
  };
}

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly created?: string;
  readonly modified?: string;
  readonly initErrors?: readonly string[];
}

/** A configuration as Pulumi prints it: what is secret has a value on request only. */
type Configuration = Readonly<
  Record<string, { readonly secret?: boolean; readonly value?: string; readonly objectValue?: unknown }>
>;

interface Update {
  readonly kind?: string;
  readonly result?: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly resourceChanges?: unknown;
}

const updates = 10;

/** What Pulumi knows of the stack: what it did, what it left half done, and what it has. */
export async function collectStack(): Promise<Collected> {
  const [config, outputs, history, state] = await Promise.all([
    pulumi("config", "--json", "--show-secrets"),
    pulumi("stack", "output", "--json"),
    pulumi("stack", "history", "--json", "--page-size", String(updates)),
    pulumi("stack", "export", "--show-secrets"),
  ]);
  const { deployment = {} } = JSON.parse(state) as State;
  const { manifest, resources = [], pending_operations: pending = [] } = deployment;
  const configuration = JSON.parse(config) as Configuration;
  const secretEntries = Object.values(configuration).filter(({ secret }) => secret === true);
  return {
    secrets: [
      ...withoutNames(secretsInState(deployment), deployment),
      ...secretEntries.flatMap(({ value, objectValue }) => textsIn(objectValue ?? value)),
    ],
    problems: [
      ...pending.map(
        ({ type, resource }) =>
          `${nameOf(resource)} was cut off while ${type}: ${pulumiCommand("up")} goes on from there`,
      ),
      ...resources.flatMap((resource) =>
        (resource.initErrors ?? []).map((error) => `${nameOf(resource)} did not become ready: ${error}`),
      ),
    ],
    files: {
      "config.yaml": yaml(configSummary(configuration)),
      "outputs.yaml": yaml(JSON.parse(outputs)),
      "history.yaml": yaml((JSON.parse(history) as Update[]).map(updateSummary)),
      "state.yaml": yaml({
        manifest,
        pendingOperations: pending.map(({ type, resource }) => ({ type, urn: resource.urn })),
      }),
      "resources.txt": resourceTable(resources),
    },
  };
}

const nameOf = ({ urn }: Resource): string => urn.split("::").at(-1) ?? "";

const configSummary = (config: Configuration) =>
  Object.fromEntries(
    Object.entries(config).map(([key, { secret, value, objectValue = value }]) => [
      key,
      secret === true ? blank : withoutSecretValues(objectValue),
    ]),
  );

/** Without the environment, which tells of the machine and of who was at it. */
const updateSummary = ({ kind, result, startTime, endTime, resourceChanges }: Update) => ({
  kind,
  result,
  startTime,
  endTime,
  resourceChanges,
});

function resourceTable(resources: readonly Resource[]): string {
  const rows = resources.map((resource) => [
    nameOf(resource),
    resource.type,
    resource.created ?? "",
    resource.modified ?? "",
  ]);
  return `${table(["resource", "type", "created", "modified"], rows)}\n`;
}
