import { answerersOf, type Answering, expectedFor } from "../../capabilities/common/judge.ts";
import { gatewayNamespace, gateways } from "../../values/istio.ts";
import { ended, type Outcome, percentile, type Tally } from "./requests.ts";

/** What a cluster's product page answered. */
export interface Answers {
  readonly cluster: string;
  readonly url: string;
  readonly requests: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** In milliseconds; without any answer there are none. */
  readonly latency?: { readonly p50: number; readonly p95: number; readonly max: number };
}

/** What came of the requests to a cluster's product page. */
export function answersOf(cluster: string, tally: Tally): Answers {
  const [p50, p95, max] = [0.5, 0.95, 1].map((part) => percentile(tally.latencies, part));
  const latency =
    p50 === undefined || p95 === undefined || max === undefined
      ? {}
      : { latency: { p50: Math.round(p50), p95: Math.round(p95), max: Math.round(max) } };
  return { cluster, url: tally.url, requests: ended(tally), outcomes: tally.outcomes, ...latency };
}

type Hint = (cluster: string, url: string) => string;

const gateway = `${gatewayNamespace}/${gateways.ingress.name}`;

/** What an outcome means, and where to look. */
const hints: Readonly<Record<Outcome, Hint>> = {
  refused: (cluster, url) =>
    `nothing listens at ${new URL(url).host}: the proxies of ${gateway} were given no listener, which Gloo Mesh makes of the VirtualGateway: kubectl --context ${cluster} get gateways.networking.istio.io -A`,
  reset: (cluster) =>
    `connections are cut off: look at kubectl --context ${cluster} -n ${gatewayNamespace} logs deployment/${gateways.ingress.name}`,
  timeout: (_, url) =>
    `${new URL(url).host} does not answer in time: this machine must reach it, through whatever firewall is between`,
  unreachable: (_, url) => `there is no way from this machine to ${new URL(url).host}`,
  "no such host": (_, url) =>
    `no name server knows ${new URL(url).hostname}: the name of a new load balancer takes some minutes`,
  "404": (cluster) =>
    `the gateway has no route to the page, which Gloo Mesh makes of the RouteTable: kubectl --context ${cluster} get virtualservices.networking.istio.io -A`,
  "403": () => "a policy refuses it: look at AccessPolicy, ExtAuthPolicy and WAFPolicy",
  "429": () => "a RateLimitPolicy refuses it",
  "503": (cluster) =>
    `the gateway reaches no productpage that is well: istioctl --context ${cluster} proxy-status says whether the sidecars are up to date`,
};

const unknown: Hint = (cluster) =>
  `look at kubectl --context ${cluster} -n ${gatewayNamespace} logs deployment/${gateways.ingress.name}`;

/**
 * Why the requests did not end as they should: the wrong outcome that was seen most often, and where to look.
 *
 * @param on the capabilities that are on: some answer requests themselves
 * @returns undefined where all of them were answered as expected
 */
export function causeIn(
  { cluster, url, requests, outcomes }: Answers,
  wanted: number,
  on: readonly Answering[] = [],
): string | undefined {
  const { statuses, certain } = expectedFor({ path: new URL(url).pathname }, on);
  const others = Object.entries(outcomes).filter(([outcome]) => !statuses.map(String).includes(outcome));
  const [worst] = others.toSorted(([, a], [, b]) => b - a);
  if (worst !== undefined) {
    const [outcome, count] = worst;
    const hint =
      outcome === "200" && certain.length > 0
        ? certain.map(({ name, status }) => `${name} is on and should answer with ${status}`).join("; ")
        : (hints[outcome] ?? unknown)(cluster, url);
    return `${cluster}: ${count} of ${requests} requests to ${url} came to ${outcome}: ${hint}.`;
  }
  return requests < wanted
    ? `${cluster}: only ${requests} of ${wanted} requests to ${url} were answered before time was over or it was interrupted.`
    : undefined;
}

/** Codes with their numbers, and the capabilities that give them, e.g. `200 x 3, 429 x 98 (rateLimiting)`. */
export const shown = (
  { url, outcomes }: Pick<Answers, "url" | "outcomes">,
  on: readonly Answering[] = [],
): string =>
  Object.entries(outcomes)
    .map(([outcome, count]) => {
      const by = answerersOf(Number(outcome), { path: new URL(url).pathname }, on);
      return `${outcome} x ${count}${by.length === 0 ? "" : ` (${by.join(", ")})`}`;
    })
    .join(", ");
