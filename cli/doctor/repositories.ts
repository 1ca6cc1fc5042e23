import { dirname } from "node:path";
import { loadYaml } from "@kubernetes/client-node";
import type { ChartSource } from "../../versions/charts.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { withoutCredentials } from "../../messages/redact.ts";
import { isLocal } from "../rendered/render.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "./check.ts";
import type { Facts } from "./facts.ts";

export const repositoriesCheck: Check<Facts> = {
  name: "charts",
  look: async ({ settings }) => {
    const { charts } = await settings.needed();
    return judgedCharts(Object.values(charts), fetch);
  },
};

/** Asks for a URL; `fetch`, or what takes its place. */
type Get = (
  url: string,
  options: { headers?: Record<string, string>; signal: AbortSignal },
) => Promise<Response>;

const seconds = 20;

/** What to make of the places that charts come from: a finding for each. */
export async function judgedCharts(sources: readonly ChartSource[], get: Get): Promise<Finding[]> {
  const places = [...Map.groupBy(sources, placeOf)].map(async ([place, charts]): Promise<Finding> => {
    // That each is there, in its version, is part of the configuration's check.
    if (place === undefined) return fine(`${charts.length} in ${dirname(charts[0]?.chart ?? "")}`);
    try {
      const [first] = charts;
      return first?.repositoryOpts === undefined
        ? await inRegistry(charts, get)
        : await inRepository(place, charts, get);
    } catch (error) {
      return wrong(`${withoutCredentials(place)}: ${explain(error)}`, unreachable(process.env));
    }
  });
  return Promise.all(places);
}

const placeOf = (source: ChartSource): string | undefined =>
  isLocal(source) ? undefined : (source.repositoryOpts?.repo ?? new URL(source.chart).host);

/** Helm asks a proxy of the environment by itself, and Node on request only. */
const unreachable = (env: NodeJS.ProcessEnv): string =>
  (env["HTTPS_PROXY"] ?? env["https_proxy"]) !== undefined && env["NODE_USE_ENV_PROXY"] === undefined
    ? "There is a proxy: try again with NODE_USE_ENV_PROXY=1."
    : "Set repositories to a mirror that is reached, or charts to a directory; previews need the charts too.";

async function inRepository(repo: string, charts: readonly ChartSource[], get: Get): Promise<Finding> {
  const { url, headers } = withHeaders(`${repo.replace(/\/$/, "")}/index.yaml`);
  const shown = withoutCredentials(repo);
  const response = await get(url, { headers, signal: AbortSignal.timeout(seconds * 1000) });
  if (!response.ok) return refused(shown, response.status);
  const { entries = {} } = loadYaml<{
    entries?: Readonly<Record<string, readonly { readonly version?: unknown }[] | undefined>>;
  }>(await response.text());
  const missing = charts.filter(
    ({ chart, version }) => entries[chart]?.some((entry) => String(entry.version) === version) !== true,
  );
  return missing.length === 0 ? fine(shown) : lacks(shown, missing);
}

async function inRegistry(charts: readonly ChartSource[], get: Get): Promise<Finding> {
  const host = new URL(charts[0]?.chart ?? "").host;
  const answers = await Promise.all(
    charts.map(async (source) => ({ source, status: await manifestStatus(source, get) })),
  );
  const failed = answers.find(({ status }) => status >= 400 && status !== 404);
  if (failed !== undefined) return refused(host, failed.status);
  const missing = answers.filter(({ status }) => status === 404).map(({ source }) => source);
  return missing.length === 0 ? fine(host) : lacks(host, missing);
}

/** Asks a registry for the manifest of a chart, without credentials. Source: OCI distribution specification. */
async function manifestStatus({ chart, version }: ChartSource, get: Get): Promise<number> {
  const { host, pathname } = new URL(chart);
  // A tag has no plus, and Helm writes this instead.
  const url = `https://${host}/v2${pathname}/manifests/${version.replaceAll("+", "_")}`;
  const ask = (more: Record<string, string> = {}): Promise<Response> =>
    get(url, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json", ...more },
      signal: AbortSignal.timeout(seconds * 1000),
    });
  const first = await ask();
  const challenge = first.headers.get("www-authenticate") ?? "";
  if (first.status !== 401 || !/^bearer /i.test(challenge)) return first.status;
  const token = await anonymousToken(challenge, get);
  return token === undefined ? first.status : (await ask({ authorization: `Bearer ${token}` })).status;
}

/** What a registry gives to anybody who asks at the place that it names. */
async function anonymousToken(challenge: string, get: Get): Promise<string | undefined> {
  const { realm, ...query } = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
  );
  if (realm === undefined) return undefined;
  const response = await get(`${realm}?${new URLSearchParams(query).toString()}`, {
    signal: AbortSignal.timeout(seconds * 1000),
  });
  if (!response.ok) return undefined;
  const { token, access_token: other } = (await response.json()) as { token?: string; access_token?: string };
  return token ?? other;
}

/** A URL that `fetch` takes: a name and a password go into a header. */
function withHeaders(address: string): { url: string; headers: Record<string, string> } {
  const url = new URL(address);
  if (url.username === "") return { url: address, headers: {} };
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = url.password = "";
  return {
    url: url.href,
    headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
  };
}

const lacks = (place: string, missing: readonly ChartSource[]): Finding =>
  wrong(
    `${place} has no ${missing.map(({ chart, version }) => `${chart.split("/").at(-1) ?? ""} ${version}`).join(", ")}`,
    "Choose other versions, or set repositories.",
  );

const refused = (place: string, status: number): Finding =>
  [401, 403].includes(status)
    ? doubtful(
        `${place} wants credentials`,
        "Make sure that helm has them: helm registry login, or repositories.",
      )
    : wrong(`${place} answered ${status}`, "Set repositories.");
