import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { chooseCharts, neededOfModules } from "../../engine/charts.ts";
import { moduleChart } from "../../toolchain/module-charts.ts";
import { onlyContext } from "../../engine/contexts.ts";
import { createDisplay } from "../../kit/display.ts";
import { chartsFor, keepCharts } from "../../engine/kept-charts.ts";
import { withLock } from "../../kit/lock.ts";
import { paths, rehearsalDir, root } from "../../kit/paths.ts";
import { createPhases } from "../../driver/phases.ts";
import { redact } from "../../../messages/redact.ts";
import { fidelityBox, fidelityOf } from "../../driver/fidelity.ts";
import type { StackFile } from "../../../config/stack-file/stack-file.ts";
import { describeStack, stacksWithResources } from "../../engine/stack.ts";
import { overlay } from "../../engine/stack-files.ts";
import { completeDiscard, discard } from "../../driver/discard.ts";
import { describeChanges } from "../../driver/summary.ts";
import { type ChartPin, chartPins } from "../../../versions/charts.ts";
import type { ChartName } from "../../../versions/version-set.ts";
import { versionSets } from "../../../versions/versions.ts";

describe("the stack file that is rehearsed", () => {
  const project = "mesh-lab";
  const user = {
    encryptionsalt: "user's salt",
    secretsprovider: "awskms://alias/user",
    encryptedkey: "user's key",
    config: {
      "mesh-lab:management": "mgmt",
      "mesh-lab:licenseKey": { secure: "user's license" },
      "mesh-lab:hostContext": "production",
      "mesh-lab:workloads": [
        { name: "one", token: { secure: "user's token" } },
        { secure: "user's cluster" },
      ],
    },
  };

  it("is the user's lab on the rehearsal's host and charts, without any secret of the user", () => {
    expect(overlay(user, {}, { charts: ".rehearsal/charts", project, versionSet: "article" })).toEqual({
      config: {
        "mesh-lab:management": "mgmt",
        "mesh-lab:versionSet": "article",
        "mesh-lab:anyHost": true,
        "mesh-lab:hostContext": "host",
        "mesh-lab:charts": ".rehearsal/charts",
        "mesh-lab:renew": "",
        "mesh-lab:licenseKey": undefined,
        "mesh-lab:workloads": [{ name: "one" }],
      },
    });
  });

  it("keeps what an earlier run encrypted for itself, and nothing else of it", () => {
    const before = {
      encryptionsalt: "rehearsal's salt",
      config: { "mesh-lab:licenseKey": { secure: "rehearsal's" }, "mesh-lab:management": "earlier" },
    };
    const file = overlay(user, before, { charts: ".rehearsal/charts", project, versionSet: "article" });
    expect(file["encryptionsalt"]).toBe("rehearsal's salt");
    expect(file.config).toMatchObject({
      "mesh-lab:licenseKey": { secure: "rehearsal's" },
      "mesh-lab:management": "mgmt",
    });
  });

  it("may have no configuration at all", () => {
    expect(
      Object.keys(overlay({}, {}, { charts: "charts", project, versionSet: "article" }).config ?? {}),
    ).toEqual([
      "mesh-lab:versionSet",
      "mesh-lab:anyHost",
      "mesh-lab:hostContext",
      "mesh-lab:charts",
      "mesh-lab:renew",
      "mesh-lab:licenseKey",
    ]);
  });

  it("fetches addresses anew when the host has moved to another network, and when the user asks for it", () => {
    const renewalOf = (user: StackFile, network: number) =>
      overlay(user, {}, { charts: "charts", network, project, versionSet: "article" }).config?.[
        "mesh-lab:renew"
      ];
    expect(renewalOf({}, 7)).toBe("network 7");
    expect(renewalOf({ config: { "mesh-lab:renew": "today" } }, 7)).toBe("today, network 7");
  });
});

describe("the environment of Pulumi", () => {
  vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "the user's");
  vi.stubEnv("HELM_NAMESPACE", "the user's");
  const { env } = describeStack("dev");
  vi.unstubAllEnvs();

  it("has nothing of the user's Pulumi and Helm", () => {
    expect(env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
    expect(env).not.toHaveProperty("HELM_NAMESPACE");
  });

  it("keeps everything in the rehearsal's directory", () => {
    const places = [
      env["KUBECONFIG"],
      env["PULUMI_BACKEND_URL"],
      env["PULUMI_HOME"],
      env["PULUMI_CONFIG_PASSPHRASE_FILE"],
      env["HELM_CACHE_HOME"],
      env["HELM_CONFIG_HOME"],
      env["HELM_DATA_HOME"],
      env["KUBECACHEDIR"],
      env["TMPDIR"],
    ];
    for (const place of places) expect(place).toContain(rehearsalDir);
  });

  it("finds the rehearsal's programs before any other", () => {
    expect(env["PATH"]?.split(":").slice(0, 2)).toEqual([join(root, "node_modules/.bin"), paths.bin]);
  });
});

describe("the lab on the host", () => {
  const folder = join(paths.state, ".pulumi", "stacks", "mesh-lab");
  const put = (stack: string, resources: number) => {
    mkdirSync(folder, { recursive: true });
    const latest = { resources: Array.from({ length: resources }, () => ({})) };
    writeFileSync(join(folder, `${stack}.json`), JSON.stringify({ checkpoint: { latest } }));
  };
  const kept = [paths.etcd, paths.state, paths.stack, paths.kubeconfig];

  it("is that of the stack that has anything there, and not of one that was only previewed", () => {
    put("dev", 0);
    expect(stacksWithResources()).toEqual([]);
    put("k3s", 97);
    writeFileSync(join(folder, "eks.json.bak"), "{}");
    expect(stacksWithResources()).toEqual(["k3s"]);
  });

  it("goes together with its state, also where that was cut off", async () => {
    put("k3s", 97);
    mkdirSync(paths.etcd, { recursive: true });
    await discard();
    for (const path of kept) expect(existsSync(path), path).toBe(false);

    put("k3s", 97);
    await completeDiscard();
    expect(stacksWithResources()).toEqual(["k3s"]);
    writeFileSync(join(paths.run, "discarding"), "");
    await completeDiscard();
    for (const path of kept) expect(existsSync(path), path).toBe(false);
  });
});

describe("the charts", () => {
  const charts = chartPins(versionSets.article) as Record<ChartName, ChartPin>;
  const pins = Object.values(charts);
  const said: string[] = [];
  const choose = (directory?: string) => chooseCharts(charts, directory, (message) => said.push(message));
  const given = () => mkdtempSync(join(tmpdir(), "charts-"));
  const nameOf = ({ chart, version }: ChartPin) => ({ chart, version });

  function putFolder(directory: string, chart: string, version: string): void {
    mkdirSync(join(directory, chart));
    writeFileSync(join(directory, chart, "Chart.yaml"), `name: ${chart}\nversion: ${version}\n`);
  }

  beforeEach(() => {
    said.length = 0;
  });

  it("are those of modules, and stand-ins, where none are given", () => {
    expect(choose()).toEqual(pins.map((pin) => ({ ...nameOf(pin), real: moduleChart(pin) })));
    expect(moduleChart(charts.vcluster)).toBe(join(paths.downloads, "charts", "vcluster-0.10.2"));
    expect(moduleChart(charts.glooMeshAgent)).toBeUndefined();
    expect(neededOfModules(charts, undefined)).toEqual(pins);
    expect(readdirSync(paths.charts).sort()).toEqual(pins.map(({ chart }) => chart).sort());
    expect(said).toEqual([]);
  });

  it("are the given ones first, as archive or as folder; the rest is named", () => {
    const directory = given();
    writeFileSync(join(directory, "vcluster-0.10.2.tgz"), "");
    putFolder(directory, "istiod", charts.istiod.version);
    putFolder(directory, "cilium", "1.0.0");
    expect(neededOfModules(charts, directory).map(({ chart }) => chart)).not.toContain("vcluster");
    const chosen = choose(directory).filter((chart) => chart.real !== undefined);
    expect(chosen.map(({ chart, real: path }) => [chart, path])).toEqual([
      ["vcluster", join(directory, "vcluster-0.10.2.tgz")],
      ["base", moduleChart(charts.istioBase)],
      ["istiod", join(directory, "istiod")],
      ["gateway", moduleChart(charts.gateway)],
    ]);
    expect(readlinkSync(join(paths.charts, "vcluster-0.10.2.tgz"))).toBe(
      join(directory, "vcluster-0.10.2.tgz"),
    );
    expect(existsSync(join(paths.charts, "vcluster"))).toBe(false);
    expect(said).toEqual([
      `${directory} also has what no release uses: cilium`,
      `${directory} lacks gloo-mesh-enterprise 2.0.9, gloo-mesh-agent 2.0.9, base 1.12.6, gateway 1.12.6: the rehearsal's own are used`,
    ]);
  });

  it("are the rehearsal's own again after a run with given ones", () => {
    choose();
    expect(readdirSync(paths.charts)).not.toContain("vcluster-0.10.2.tgz");
  });

  it("must have the pinned version", () => {
    const directory = given();
    putFolder(directory, "istiod", "1.13.0");
    expect(() => choose(directory)).toThrow(
      `${join(directory, "istiod")} is version 1.13.0 of chart istiod; expected 1.12.6.`,
    );
  });

  it("must be where they are said to be", () => {
    expect(() => choose("/no/such/place")).toThrow("CHARTS is /no/such/place: there is no such directory.");
  });
});

describe("the charts that a lab was made with", () => {
  const directory = mkdtempSync(join(tmpdir(), "charts-"));

  it("are used again until others are asked for", () => {
    expect(chartsFor(undefined)).toBeUndefined();
    expect(chartsFor(relative(root, directory))).toBe(directory);
    keepCharts(directory);
    expect(chartsFor(undefined)).toBe(directory);
    expect(chartsFor("/other")).toBe("/other");
    expect(chartsFor("none")).toBeUndefined();
  });

  it("are asked for where they are gone, and forgotten together with the lab", async () => {
    rmSync(directory, { recursive: true });
    expect(() => chartsFor(undefined)).toThrow(
      `The lab was made with the charts in ${directory}, and there is no such directory any more: ` +
        "put it back, or give CHARTS=DIR for another one, CHARTS=none for the rehearsal's own.",
    );
    await discard();
    expect(chartsFor(undefined)).toBeUndefined();
  });
});

describe("a lock", () => {
  const file = join(mkdtempSync(join(tmpdir(), "lock-")), "test.lock");
  const refuse = ({ what, pid }: { what: string; pid: number }): never => {
    throw new Error(`${what} by ${pid}`);
  };

  it("keeps others out as long as its holder works", async () => {
    await withLock(file, "first", refuse, async () => {
      await expect(withLock(file, "second", refuse, async () => 2)).rejects.toThrow(
        `first by ${process.pid}`,
      );
    });
    expect(await withLock(file, "third", refuse, async () => 3)).toBe(3);
  });

  it("of a holder that was killed is free", async () => {
    const program = `
      import { withLock } from "${join(root, "rehearsal", "kit", "lock.ts")}";
      await withLock("${file}", "killed", () => { throw new Error("held") }, () => {
        console.log("holds it");
        return new Promise(() => setInterval(() => undefined, 1000));
      });`;
    const child = spawn("node", ["--input-type=module-typescript", "--eval", program]);
    await once(child.stdout, "data");
    await expect(withLock(file, "next", refuse, async () => 4)).rejects.toThrow(`killed by ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await withLock(file, "next", refuse, async () => 4)).toBe(4);
  });

  it("is given back after an error", async () => {
    await expect(withLock(file, "failing", refuse, () => Promise.reject(new Error("no")))).rejects.toThrow(
      "no",
    );
    expect(await withLock(file, "next", refuse, async () => 5)).toBe(5);
  });

  it("is one process's at a time, of many that find a file left behind", async () => {
    const crowd = join(mkdtempSync(join(tmpdir(), "crowd-")), "left.lock");
    const inside = `${crowd}.inside`;
    writeFileSync(crowd, JSON.stringify({ pid: 1, born: "1@gone", what: "killed" }));
    // Who is inside leaves a file that only one can make.
    const program = `
      import { rmSync, writeFileSync } from "node:fs";
      import { setTimeout } from "node:timers/promises";
      import { withLock } from "${join(root, "rehearsal", "kit", "lock.ts")}";
      for (let round = 0; round < 10; round += 1)
        await withLock("${crowd}", "stress", () => undefined, async () => {
          writeFileSync("${inside}", "", { flag: "wx" });
          await setTimeout(Math.random() * 3);
          rmSync("${inside}");
          if (Math.random() < 0.1) process.kill(process.pid, "SIGKILL");
        });`;
    const ends = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const child = spawn("node", ["--input-type=module-typescript", "--eval", program]);
        const said: Buffer[] = [];
        child.stderr.on("data", (part: Buffer) => said.push(part));
        const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
        return code === 0 || signal === "SIGKILL" ? "well" : Buffer.concat(said).toString();
      }),
    );
    expect(new Set(ends)).toEqual(new Set(["well"]));
  });
});

describe("what is said", () => {
  it.each([
    ["key: -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----!", "key: [secret]!"],
    ["client-key-data: LS0tLS1CRUdJTiBFQyBQUklWQVRF", "client-key-data: [secret]"],
    ["ca LS0tLS1CRUdJTiBDRVJU/+= end", "ca [secret] end"],
    ['{"token": "abcdefghijklmnop"}', '{"token": [secret]}'],
    ["Bearer eyJhbGciOi.eyJzdWIi.c2ln", "Bearer [secret]"],
  ])("has no key in it: %j", (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });

  it.each(["Secret relay-identity-token-secret: it does not exist", "waiting for a token: not yet"])(
    "keeps its words: %j",
    (text) => {
      expect(redact(text)).toBe(text);
    },
  );

  it("counts changes", () => {
    expect(describeChanges({ changes: {} })).toBe("0 changes");
    expect(describeChanges({ changes: { update: 1 } })).toBe("1 change: 1 update");
    expect(describeChanges({ changes: { create: 2, delete: 1 } })).toBe("3 changes: 2 create, 1 delete");
  });

  it("tells how long each part took", async () => {
    let now = 0;
    const phases = createPhases(createDisplay({ write: () => true }, () => now));
    await phases.run("tools", async () => (now += 1500));
    await phases.run("host", async () => (now += 20_000));
    expect(phases.table()).toEqual(["tools        1.5 s", "host          20 s", "altogether    22 s"]);
  });
});

it("the kubeconfig's host context is taken alone", () => {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: ["host", "other"].map((name) => ({ name: `${name}-cluster`, cluster: {} })),
    users: ["host", "other"].map((name) => ({ name: `${name}-user`, user: {} })),
    contexts: ["other", "host"].map((name) => ({
      name,
      context: { cluster: `${name}-cluster`, user: `${name}-user` },
    })),
  } as const;
  expect(onlyContext("host", config)).toEqual({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "host-cluster", cluster: {} }],
    users: [{ name: "host-user", user: {} }],
    contexts: [{ name: "host", context: { cluster: "host-cluster", user: "host-user" } }],
    "current-context": "host",
  });
});

describe("the box", () => {
  const used = {
    pods: "simulated" as const,
    tools: [{ name: "pulumi", version: "3.259.0" }],
    plugins: [
      {
        name: "kubernetes",
        version: "4.25.0",
        wanted: "4.34.2",
        real: "/opt/plugins/pulumi-resource-kubernetes",
      },
      {
        name: "command",
        version: "1.2.1",
        wanted: "1.2.1",
        real: join(paths.plugins, "pulumi-resource-command"),
      },
      { name: "random", version: "4.21.2", wanted: "4.21.2", real: undefined },
    ],
    charts: [
      { chart: "vcluster", version: "0.10.2", real: "/charts/vcluster" },
      { chart: "istiod", version: "1.12.6", real: undefined },
    ],
  };

  it("tells the real plugins and charts from the stand-ins", () => {
    const { real, simulated, absent } = fidelityOf(used);
    expect(real).toContain(
      "plugins: kubernetes 4.25.0 beside the SDK's 4.34.2 (in /opt/plugins), command 1.2.1 (in .rehearsal/unit/pulumi-home/plugins)",
    );
    expect(real).toContain("charts: vcluster 0.10.2");
    expect(simulated).toContain("plugins (stand-ins): random 4.21.2");
    expect(simulated).toContain("charts (stand-ins): istiod 1.12.6");
    expect(absent.join()).toMatch(/traffic, mTLS/);
  });

  it("leaves out what there is none of", () => {
    const { real, simulated } = fidelityOf({ ...used, plugins: [], charts: [] });
    expect([...real, ...simulated].join()).not.toMatch(/plugins|charts/);
  });

  it("is a box", () => {
    const lines = fidelityBox(fidelityOf(used), 80).split("\n");
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([82]));
  });
});
