import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { checkSettings } from "../../../config/check.ts";
import { topologyOf, enabledCapabilities } from "../../../capabilities/all.ts";
import { answersOf, causeIn, shown } from "../../../cli/verify/answers.ts";
import {
  ended,
  makeRequests,
  percentile,
  type RequestArgs,
  type Tally,
} from "../../../cli/verify/requests.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A product page on the loopback network, and what it saw. */
async function page(listener: RequestListener) {
  const server = createServer(listener);
  servers.push(server);
  const seen = { connections: 0, underWay: 0, most: 0 };
  server.on("connection", () => (seen.connections += 1));
  server.on("request", (_, response) => {
    seen.underWay += 1;
    seen.most = Math.max(seen.most, seen.underWay);
    response.on("close", () => (seen.underWay -= 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/productpage`, seen };
}

/** A port of the loopback network at which nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/productpage`;
}

const ask = (url: string, more: Partial<RequestArgs> = {}): Promise<Tally> =>
  makeRequests({
    url,
    count: 101,
    concurrency: 4,
    timeoutMs: 2000,
    signal: new AbortController().signal,
    ...more,
  });

describe("requests", () => {
  it("are as many as wanted, a few at a time, on connections that are kept", async () => {
    const { url, seen } = await page((_, response) => {
      // Long enough that four of them meet on a machine that is busy.
      setTimeout(() => response.end("<html>".padEnd(5000)), 20);
    });
    const progress: number[] = [];
    const tally = await ask(url, { onProgress: (now) => progress.push(ended(now)) });
    expect(tally.outcomes).toEqual({ "200": 101 });
    expect(tally.latencies).toHaveLength(101);
    expect(Math.min(...tally.latencies)).toBeGreaterThan(1);
    expect(seen.most).toBe(4);
    expect(seen.connections).toBeLessThan(20);
    expect(progress).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
    expect(causeIn(answersOf("east", tally), 101)).toBeUndefined();
  });

  it("count each code", async () => {
    let number = 0;
    const { url } = await page((_, response) => {
      number += 1;
      response.writeHead(number % 10 === 0 ? 503 : 200).end();
    });
    const answers = answersOf("east", await ask(url));
    expect(answers).toMatchObject({ requests: 101, outcomes: { "200": 91, "503": 10 } });
    expect(shown(answers)).toBe("200 x 91, 503 x 10");
    expect(causeIn(answers, 101)).toMatch(
      /^east: 10 of 101 requests to .* came to 503: the gateway reaches no/,
    );
  });

  it("do not follow a redirection elsewhere", async () => {
    const { url } = await page((_, response) => response.writeHead(302, { location: "/login" }).end());
    expect((await ask(url, { count: 3 })).outcomes).toEqual({ "302": 3 });
  });

  describe("beside capabilities", () => {
    const workloads = [{ name: "east", bookinfo: {} }];
    const onWith = (capabilities: object) => {
      const { settings, mistakes } = checkSettings({ licenseKey: "key", workloads, capabilities });
      expect(mistakes).toEqual([]);
      return settings === undefined
        ? []
        : enabledCapabilities(settings.capabilities, topologyOf(settings.workloads));
    };
    const answered = (outcomes: Record<string, number>) => ({
      cluster: "east",
      url: "http://203.0.113.7/productpage",
      requests: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
      outcomes,
    });

    it.each<[capabilities: object, outcomes: Record<string, number>, said: string]>([
      [{ oidc: true }, { "302": 101 }, "302 x 101 (oidc)"],
      [{ rateLimiting: true }, { "200": 3, "429": 98 }, "200 x 3, 429 x 98 (rateLimiting)"],
      [
        {
          faultInjection: { route: "productpage", delay: false, abort: { httpStatus: 503, percentage: 100 } },
        },
        { "503": 101 },
        "503 x 101 (faultInjection)",
      ],
      [
        { faultInjection: { route: "productpage", delay: false, abort: { httpStatus: 418 } } },
        { "200": 50, "418": 51 },
        "200 x 50, 418 x 51 (faultInjection)",
      ],
      [
        { accessControl: { allow: { productpage: ["reviews"] } } },
        { "403": 101 },
        "403 x 101 (accessControl)",
      ],
      [{ waf: { rules: "SecRuleEngine On" } }, { "403": 101 }, "403 x 101 (waf)"],
      [
        { oidc: true, rateLimiting: true },
        { "302": 3, "429": 98 },
        "302 x 3 (oidc), 429 x 98 (rateLimiting)",
      ],
    ])("%j expect %j", (capabilities, outcomes, said) => {
      const on = onWith(capabilities);
      expect(causeIn(answered(outcomes), 101, on)).toBeUndefined();
      expect(shown(answered(outcomes), on)).toBe(said);
      // Without the capability the same answers are a fault.
      expect(causeIn(answered(outcomes), 101)).toBeDefined();
    });

    it.each<[capabilities: object, outcomes: Record<string, number>, cause: string]>([
      [{ oidc: true }, { "200": 101 }, "came to 200: oidc is on and should answer with 302."],
      [
        { oidc: true },
        { "302": 100, "503": 1 },
        "1 of 101 requests to http://203.0.113.7/productpage came to 503",
      ],
      // Faults are injected for ratings, and the page itself is asked for.
      [{ faultInjection: { delay: false, abort: {} } }, { "500": 101 }, "came to 500"],
      [{ opa: true }, { "403": 101 }, "came to 403"],
    ])("%j do not expect %j", (capabilities, outcomes, cause) => {
      expect(causeIn(answered(outcomes), 101, onWith(capabilities))).toContain(cause);
    });
  });

  it("say when nobody listens", async () => {
    const answers = answersOf("east", await ask(await deadUrl()));
    expect(answers.outcomes).toEqual({ refused: 101 });
    expect(answers).not.toHaveProperty("latency");
    expect(causeIn(answers, 101)).toMatch(
      /came to refused: nothing listens at 127\.0\.0\.1:\d+: .*VirtualGateway/,
    );
  });

  it("say when connections are cut off", async () => {
    const { url } = await page((request) => request.socket.resetAndDestroy());
    expect((await ask(url, { count: 5 })).outcomes).toEqual({ reset: 5 });
  });

  it("say when there is no such host", async () => {
    const tally = await ask("http://gateway.invalid/productpage", { count: 2, timeoutMs: 20_000 });
    expect(tally.outcomes).toEqual({ "no such host": 2 });
  });

  it("end when an answer, or its body, takes too long", async () => {
    let number = 0;
    const { url } = await page((_, response) => {
      number += 1;
      if (number % 2 === 0) response.write("half of it");
      // The rest never comes.
    });
    const start = Date.now();
    const tally = await ask(url, { count: 4, timeoutMs: 200 });
    expect(tally.outcomes).toEqual({ timeout: 4 });
    expect(Date.now() - start).toBeLessThan(2000);
    expect(causeIn(answersOf("east", tally), 4)).toContain("does not answer in time");
  });

  it("end at once when told to, and count what had ended", async () => {
    const { url, seen } = await page((_, response) => {
      if (seen.connections > 0 && served < 10) response.end();
      served += 1;
      // All later ones hang.
    });
    let served = 0;
    const abort = new AbortController();
    const start = Date.now();
    const tally = await ask(url, {
      signal: abort.signal,
      onProgress: (now) => {
        if (ended(now) === 10)
          setTimeout(() => {
            abort.abort();
          }, 50);
      },
    });
    expect(Date.now() - start).toBeLessThan(1500);
    expect(tally.outcomes).toEqual({ "200": 10 });
    expect(causeIn(answersOf("east", tally), 101)).toMatch(/^east: only 10 of 101 requests/);
  });
});

describe("percentiles", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  it.each([
    ["1 to 100", hundred, 0.5, 50],
    ["1 to 100", hundred, 0.95, 95],
    ["1 to 100", hundred, 1, 100],
    ["7", [7], 0.5, 7],
    ["2 and 10", [2, 10], 0.5, 2],
    ["nothing", [], 0.5, undefined],
  ])("of %s: what a part of it is not above, %#", (_, values, part, expected) => {
    expect(percentile(values, part)).toBe(expected);
  });
});
