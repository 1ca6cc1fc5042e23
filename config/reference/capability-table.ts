import { isCheck } from "../../capabilities/common/check.ts";
import { kebab } from "../../capabilities/common/names.ts";
import {
  capabilities,
  capabilityNames,
  topologyOf,
  type TurnedOn,
  enabledCapabilities,
} from "../../capabilities/all.ts";
import { markdownTable } from "./markdown.ts";

/** A lab in which every capability can be on. */
const lab = topologyOf([
  { name: "devcluster1", bookinfo: { reviews: ["v1", "v2"] } },
  { name: "devcluster2", bookinfo: { reviews: ["v3"] } },
]);

/** What each capability is made of with its defaults, what it needs, and how one sees that it works. */
export const capabilityTable = (): string =>
  markdownTable([
    ["capability", "key", "objects", "needs", "what one sees"],
    ...capabilityNames.flatMap((name) =>
      enabledCapabilities({ [name]: capabilities[name].options.parse({}) }, lab).map((on) => [
        `[${on.title}](docs/capabilities/${kebab(name)}.md)`,
        `\`${name}\``,
        objectsOf(on).join(", "),
        needsOf(on).join(", ") || "nothing else",
        checkOf(on),
      ]),
    ),
  ]);

const objectsOf = ({ objects, configMaps, routes, settings }: TurnedOn): string[] => [
  ...new Set([
    ...(settings === undefined ? [] : ["WorkspaceSettings"]),
    ...(routes.some((route) => route !== "productpage") ? ["RouteTable"] : []),
    ...(configMaps === undefined ? [] : ["ConfigMap"]),
    ...Object.values(objects).map(({ kind }) => kind),
  ]),
];

const needsOf = ({ addOn, soloIstio, targets = [], keycloak }: TurnedOn): string[] => [
  ...(targets.some(({ cluster }) => cluster !== lab.ingressCluster)
    ? ["Bookinfo on two clusters, `multiCluster`"]
    : []),
  ...(addOn === undefined ? [] : [`add-on \`${addOn}\``]),
  ...(keycloak === true ? ["Keycloak, or an issuer"] : []),
  ...(soloIstio === undefined ? [] : ["Solo.io's build of Istio"]),
];

function checkOf({ check }: TurnedOn): string {
  if (!isCheck(check)) return check.cannotTell.replaceAll("|", "\\|");
  const { request, outsideOf, expected } = check;
  const { method = "GET", path, headers, times } = request;
  const host = headers?.["host"] === undefined ? "" : ` for \`${headers["host"]}\``;
  const repeated = times === 1 ? "" : `, ${times} times`;
  const from = outsideOf === undefined ? "" : ` to ${outsideOf}, from a pod without a sidecar`;
  return `\`${method} ${path}\`${host}${from}${repeated}: ${expected}`.replaceAll("|", "\\|");
}
