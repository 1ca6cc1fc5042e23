import { setting } from "../messages/commands.ts";
import { z } from "zod";
import { reviewsVersions } from "../values/bookinfo.ts";
import type { Target } from "../capabilities/common/definition.ts";
import {
  capabilities,
  capabilityNames,
  type CapabilityName,
  type ChosenCapabilities,
  topologyOf,
  type TurnedOn,
  enabledCapabilities,
} from "../capabilities/all.ts";
import type { CheckedSettings } from "./settings.ts";
import { list, type Mapping, mapping } from "../schema/mapping.ts";
import { conflicts } from "./capability-conflicts.ts";
import { type Mistake, mistakeIf } from "./mistake.ts";

/**
 * Why a lab cannot have the capabilities that are turned on, or not together. Those whose own settings are wrong are
 * left out: what these come to is not known.
 */
export function capabilityContradictions(input: Mapping): Mistake[] {
  const chosen = validOnes(mapping(input["capabilities"]));
  const on = enabledCapabilities(chosen, viewOf(input));
  return [
    ...on.flatMap((one) => [
      ...withoutBookinfo(one, input),
      ...(one.targets ?? []).flatMap((target) => unreachable(one, target, input)),
    ]),
    ...on.flatMap((one, index) => on.slice(0, index).flatMap((earlier) => inTheWay(one, earlier))),
    ...conflicts(chosen),
    ...unknownRegions(chosen, input),
    ...withoutIdentityProvider(input, on),
  ].filter(isFirst);
}

/** What was chosen for each capability, as far as it is valid. */
function validOnes(chosen: Mapping): ChosenCapabilities {
  return Object.fromEntries(
    capabilityNames.flatMap((name) => {
      const value = chosen[name];
      if (value === undefined || value === false) return [];
      const { data } = capabilities[name].options.safeParse(value === true ? {} : value);
      return data === undefined ? [] : [[name, data]];
    }),
  );
}

const nameOf = ({ name }: Mapping): string => (typeof name === "string" ? name : "");

function viewOf({ workloads }: Mapping) {
  return topologyOf(
    list(workloads).map((workload) => {
      const { reviews } = mapping(workload["bookinfo"]);
      const chosen = Array.isArray(reviews) ? reviews : reviewsVersions;
      const { region } = workload;
      return {
        name: nameOf(workload),
        ...(typeof region === "string" ? { region } : {}),
        bookinfo:
          workload["bookinfo"] === undefined
            ? undefined
            : { reviews: reviewsVersions.filter((version) => chosen.includes(version)) },
      };
    }),
  );
}

const pathTo = (name: CapabilityName, ...parts: readonly string[]): string =>
  ["capabilities", name, ...parts.filter((part) => part !== "")].join(".");

/** A capability whose ground is missing on the ingress cluster. */
function withoutBookinfo({ name, routes }: TurnedOn, { workloads }: Mapping): Mistake[] {
  const [ingressCluster = {}] = list(workloads);
  return [
    ...mistakeIf(
      ingressCluster["bookinfo"] === undefined,
      pathTo(name),
      "it works on Bookinfo of the first workload cluster, and workloads[0].bookinfo is not set",
    ),
    ...mistakeIf(
      ingressCluster["ingress"] === false && routes.includes("productpage"),
      pathTo(name),
      "it works on what comes in through the first ingress gateway, and workloads[0].ingress is false",
    ),
  ];
}

/** A capability that sends requests where they cannot arrive. */
function unreachable({ name }: TurnedOn, { at, cluster, version }: Target, input: Mapping): Mistake[] {
  const { workloads, multiCluster } = input;
  const { ingressCluster, bookinfo } = viewOf(input);
  if (cluster === undefined)
    return [
      {
        path: pathTo(name, at),
        message: "it sends requests to another workload cluster that runs Bookinfo, and there is none",
      },
    ];
  const reviews = bookinfo.find((one) => one.cluster === cluster)?.reviews;
  if (reviews === undefined)
    // Of the ingress cluster it is said for all capabilities.
    return mistakeIf(
      cluster !== ingressCluster,
      pathTo(name, at),
      `there is no workload cluster ${cluster} that runs Bookinfo`,
    );
  const index = list(workloads).findIndex((workload) => nameOf(workload) === cluster);
  return [
    ...mistakeIf(
      version !== undefined && !reviews.includes(version),
      pathTo(name, at),
      `${cluster} runs no reviews ${version ?? ""}, only ${reviews.join(", ")}`,
    ),
    ...(cluster === ingressCluster
      ? []
      : [
          ...mistakeIf(
            multiCluster === false,
            pathTo(name, at),
            "it sends requests to another cluster, and multiCluster is false",
          ),
          ...mistakeIf(
            list(workloads)[index]?.["eastWest"] === false,
            pathTo(name, at),
            `it sends requests to ${cluster} through its east-west gateway, and workloads[${index}].eastWest is false`,
          ),
        ]),
  ];
}

/** Policies that undo another's effect on a route that they share, by kind. */
const withoutEffectBeside: Readonly<Record<string, string>> = { RetryTimeoutPolicy: "FaultInjectionPolicy" };

/** Two capabilities of which one would be without effect. */
function inTheWay(one: TurnedOn, other: TurnedOn): Mistake[] {
  const shared = one.routes.filter((route) => other.routes.includes(route));
  const remedy = isMovable(one.name)
    ? "choose another route for one, or turn it off"
    : "turn one of them off";
  return shared.flatMap((route) => {
    const [mine = "", its = ""] = [one.policy, other.policy];
    return [
      ...mistakeIf(
        mine !== "" && mine === its,
        pathTo(one.name),
        `${other.name} has its ${mine} on route ${route}, too, and only one of a kind is in effect there: ${remedy}`,
      ),
      ...mistakeIf(
        withoutEffectBeside[mine] === its && its !== "",
        pathTo(one.name),
        `${other.name} is on route ${route}, too, and where Istio injects faults it neither retries nor times out: ${remedy}`,
      ),
    ];
  });
}

function isMovable(name: CapabilityName): boolean {
  const { options }: { options: z.ZodType } = capabilities[name];
  return options instanceof z.ZodObject && "route" in options.shape;
}

/** Regions of a failover that no cluster with Bookinfo is in: no request comes from there, or goes there. */
function unknownRegions({ failover }: ChosenCapabilities, input: Mapping): Mistake[] {
  if (failover === undefined || failover === false) return [];
  const { regions } = viewOf({
    ...input,
    workloads: list(input["workloads"]).filter(({ bookinfo }) => bookinfo !== undefined),
  });
  return failover.regions.flatMap((mapped, index) =>
    (["from", "to"] as const).flatMap((end) =>
      mistakeIf(
        !regions.includes(mapped[end]),
        pathTo("failover", `regions[${index}].${end}`),
        `no workload cluster that runs Bookinfo is in region ${mapped[end]}; there are ${regions.join(", ")}`,
      ),
    ),
  );
}

/** An identity provider that cannot be used as it is configured. */
function withoutIdentityProvider(
  { nodeAddress, oidcClientSecret }: Mapping,
  on: readonly TurnedOn[],
): Mistake[] {
  const keycloak = on.find(({ name }) => name === "oidc")?.keycloak;
  return [
    ...mistakeIf(
      keycloak === true && nodeAddress !== undefined,
      pathTo("oidc"),
      "people and pods must reach Keycloak at one address, and nodeAddress is for people alone: give an issuer",
    ),
    ...mistakeIf(
      keycloak === false && oidcClientSecret === undefined,
      pathTo("oidc", "issuer"),
      `its client's secret is not set: ${setting("oidcClientSecret", "SECRET", { secret: true })}`,
    ),
    ...mistakeIf(
      keycloak !== false && oidcClientSecret !== undefined,
      "oidcClientSecret",
      "it is for capabilities.oidc.issuer only",
    ),
  ];
}

const isFirst = (mistake: Mistake, index: number, all: readonly Mistake[]): boolean =>
  all.findIndex(({ path, message }) => path === mistake.path && message === mistake.message) === index;

/**
 * What may come of the capabilities of a lab, as it is configured otherwise. Tags of Solo.io's builds of Istio end with
 * `-solo`.
 */
export function capabilityRisks({
  capabilities: chosen,
  set,
  istioImage,
  imageRegistry,
  values,
}: Pick<CheckedSettings, "capabilities" | "set" | "istioImage" | "imageRegistry" | "values">): string[] {
  const isSolo = istioImage?.includes("-solo") === true;
  const isUnmirrored =
    imageRegistry !== undefined && values.glooMeshAddOns === undefined && !set.mirrorsAddOns;
  return enabledCapabilities(chosen, topologyOf([])).flatMap(({ name, soloIstio, addOn }) => [
    ...(set.doubtful[name] === undefined
      ? []
      : [`capabilities.${name} may be refused: ${set.doubtful[name]}.`]),
    ...(soloIstio === undefined || isSolo
      ? []
      : [
          `capabilities.${name} needs Solo.io's build of Istio: ${soloIstio}. Istio is ${istioImage ?? "upstream's"}, with which it may be without effect: set istioImage.`,
        ]),
    ...(addOn === undefined || !isUnmirrored
      ? []
      : [
          `capabilities.${name} brings ${addOn}, and where its chart takes its images from is not known: they do not come from imageRegistry, unless values.glooMeshAddOns says so.`,
        ]),
  ]);
}
