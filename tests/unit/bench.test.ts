import { describe, expect, it } from "vitest";
import { inputsOf } from "../bench/article.ts";
import { choiceOf } from "../bench/choice.ts";
import { criticalPath, type Operation, type Resource } from "../bench/critical-path.ts";
import { delays, type Figures, isMet, median, resultsOf, sizes } from "../bench/figures.ts";
import { differences } from "../bench/objects.ts";
import { parts } from "../bench/parts.ts";
import { findingsOf, links, markdown, shares, verdict } from "../bench/report.ts";
import { table } from "../bench/table.ts";
import { programOf, type Seen, timeByProgram } from "../bench/usage.ts";

const urn = (name: string): string => `urn:pulumi:dev::mesh-lab::some:type:Of$Thing::${name}`;
const operation = (name: string, start: number, end: number): Operation => ({ urn: urn(name), start, end });
const resource = (name: string, more: Partial<Resource> = {}): Resource => ({ urn: urn(name), ...more });
const namesIn = (operations: readonly Operation[]): string[] =>
  operations.map((each) => each.urn.split("::").at(-1) ?? "");

describe("the critical path", () => {
  it("is the longest chain of dependencies, not the one that ends last", () => {
    const path = criticalPath(
      [operation("a", 1, 5), operation("b", 6, 9), operation("late", 9, 10), operation("c", 9, 10)],
      [
        resource("a"),
        resource("b", { dependencies: [urn("a")] }),
        resource("late"),
        resource("c", { dependencies: [urn("late")] }),
      ],
    );
    expect(path.seconds).toBe(7);
    expect(namesIn(path.operations)).toEqual(["a", "b"]);
  });

  it("goes through parents, providers and what a resource is deleted with", () => {
    const path = criticalPath(
      [
        operation("namespace", 0, 1),
        operation("provider", 1, 3),
        operation("parent", 3, 4),
        operation("child", 6, 10),
      ],
      [
        resource("namespace"),
        resource("provider", { deletedWith: urn("namespace") }),
        resource("parent", { provider: `${urn("provider")}::some-id` }),
        resource("child", { parent: urn("parent") }),
      ],
    );
    expect(path.seconds).toBe(8);
    expect(namesIn(path.operations)).toEqual(["namespace", "provider", "parent", "child"]);
  });

  it("goes on through a component, which takes no time", () => {
    const path = criticalPath(
      [operation("first", 0, 2), operation("second", 2, 3)],
      [
        resource("first"),
        resource("component", { dependencies: [urn("first")] }),
        resource("second", { parent: urn("component") }),
      ],
    );
    expect(path.seconds).toBe(3);
  });

  it("ends where resources wait for each other", () => {
    const path = criticalPath(
      [operation("a", 0, 1), operation("b", 1, 2)],
      [resource("a", { dependencies: [urn("b")] }), resource("b", { dependencies: [urn("a")] })],
    );
    expect(path.seconds).toBe(2);
  });

  it("of nothing is nothing", () => {
    expect(criticalPath([], [])).toEqual({ seconds: 0, operations: [] });
  });
});

describe("the median", () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100, 1, 11], 10],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

/** A run in which every measure has this value, but for some. */
const run = (value: number, some: Partial<Figures> = {}): Figures =>
  ({
    ...Object.fromEntries([
      ...delays.flatMap((delay) =>
        [`article ${delay}`, `up ${delay}`, `path ${delay}`].map((key) => [key, value]),
      ),
      ...sizes.flatMap((size) => [`up ${size}`, `memory ${size}`].map((key) => [key, value])),
      ...["preview", "preview begun", "preview empty", "no-op", "no-op begun", "no-op empty", "destroy"].map(
        (key) => [key, value],
      ),
      ...["first API server", "all API servers"].map((key) => [key, value]),
    ]),
    ...some,
  }) as Required<Figures>;

const rowOf = (runs: readonly Figures[], what: string) => resultsOf(runs).filter((row) => row.what === what);

describe("the results", () => {
  it("take ratios within a run, and then the median", () => {
    const runs = [
      run(1, { preview: 2, "preview empty": 1 }),
      run(1, { preview: 30, "preview empty": 10 }),
      run(1, { preview: 8, "preview empty": 2 }),
    ];
    const [row] = rowOf(runs, "first preview / that of an empty program");
    expect(row).toMatchObject({ median: 3, least: 2, most: 4, target: 2.5 });
    expect(rowOf(runs, "first preview")).toMatchObject([{ median: 8, least: 2, most: 30, unit: "s" }]);
  });

  it("keep a target that is just reached, and miss one that is not", () => {
    const memory = (mebibytes: number) =>
      rowOf([run(1, { "memory 2": mebibytes })], "peak memory of the whole rehearsal").map(isMet);
    expect(memory(3072)).toEqual([true]);
    expect(memory(3073)).toEqual([false]);
    expect(rowOf([run(1)], "`destroy`").map(isMet)).toEqual([undefined]);
  });

  it("are of what was measured only", () => {
    const results = resultsOf([
      { preview: 3, "no-op": 8 },
      { preview: 5, "preview empty": 2 },
    ]);
    expect(results.map(({ what, median: value }) => [what, value])).toEqual([
      ["first preview", 4],
      ["preview of an empty program", 2],
      ["first preview / that of an empty program", 2.5],
      ["`up` without a change", 8],
    ]);
  });

  it("say in one line which targets are missed", () => {
    expect(verdict(resultsOf([run(1)]))).toBe(
      "7 of 9 targets are met; missed: `up` / the article's commands, pods ready at once; `up` / the article's commands, pods take their time.",
    );
    const good = { "article none": 2, "article realistic": 4 };
    expect(verdict(resultsOf([run(1, good)]))).toBe("All 9 targets are met.");
  });
});

describe("the table", () => {
  it("has a line for each row, in columns", () => {
    const lines = table([
      { what: "a time", unit: "s", median: 12.345, least: 1.234, most: 100 },
      { what: "a ratio", unit: "", median: 0.5, least: 0.4, most: 0.6, target: 0.55 },
      { what: "memory", unit: "GiB", median: 4, least: 4, most: 4, target: 3 },
    ]).split("\n");
    expect(lines).toEqual([
      "| what    | median   | range                | target        |        |",
      "| ------- | -------- | -------------------- | ------------- | ------ |",
      "| a time  | 12.3 s   | 1.23 s to 100.0 s    |               |        |",
      "| a ratio | 0.50     | 0.40 to 0.60         | at most 0.55  | met    |",
      "| memory  | 4.00 GiB | 4.00 GiB to 4.00 GiB | at most 3 GiB | missed |",
    ]);
  });

  it("is in the document, with the chains of the last run", () => {
    const path = { seconds: 3, operations: [operation("release", 1, 3.96), operation("provider", 4, 4.04)] };
    expect(links(path)).toBe("release 3.0 s");
    const findings = findingsOf([[{ figures: run(1) }, { figures: {}, paths: { none: path } }]]);
    expect(markdown(findings)).toContain(table(findings.results));
    expect(markdown(findings)).toMatch(/\n- `DELAYS=none`: 3\.0 s\. release 3\.0 s\.$/);
  });

  it("says where the time went", () => {
    const time = { helm: 0.9, etcd: 2, "kube-apiserver": 31.4 };
    expect(shares(time)).toBe("kube-apiserver 31 s, etcd 2 s");
    const findings = findingsOf([[{ figures: run(1), times: { 8: time } }]]);
    expect(markdown(findings)).toMatch(/\n- 8 workload clusters: kube-apiserver 31 s, etcd 2 s\.$/);
  });
});

describe("the time of the processors", () => {
  const seen = (pid: number, parent: number, program: string, own: number, ended = 0): Seen => ({
    pid,
    parent,
    program,
    own,
    ended,
  });

  it("is told by program, and what a plugin starts by the plugin", () => {
    expect(
      timeByProgram([
        seen(2, 1, "pulumi", 3, 9),
        seen(3, 2, "kubernetes.mjs", 1, 4),
        seen(4, 2, "kubernetes.mjs", 2, 5),
        seen(5, 3, "helm", 3.5),
        seen(6, 1, "supervisor.ts", 1, 1),
        seen(7, 6, "etcd", 2),
      ]),
    ).toEqual({
      pulumi: 3,
      "kubernetes.mjs": 3,
      "what kubernetes.mjs starts": 9,
      "supervisor.ts": 1,
      etcd: 2,
    });
  });

  it.each([
    [["/lab/bin/etcd", "--name=rehearsal"], "etcd"],
    [["/usr/bin/node", "--enable-source-maps", "/lab/kubernetes.mjs", "127.0.0.1:1"], "kubernetes.mjs"],
    [["node"], "node"],
  ])("belongs to a program, or to what Node runs: %j", (command, program) => {
    expect(programOf(command)).toBe(program);
  });
});

describe("what is measured", () => {
  it("is everything five times where nothing else is asked for", () => {
    expect(choiceOf([])).toEqual({ rounds: 5, parts, isWhole: true });
  });

  it("can be less", () => {
    const choice = choiceOf(["workloads-8", "--rounds", "1", "none"]);
    expect(choice).toMatchObject({ rounds: 1, isWhole: false });
    expect(choice?.parts.map(({ name }) => name)).toEqual(["none", "workloads-8"]);
  });

  it.each([
    [["--rounds", "0"], '--rounds is "0": expected a whole number'],
    [["--rounds", "many"], '--rounds is "many": expected a whole number'],
    [["memory"], "There is no part memory."],
  ])("must be something that there is: %j", (args, message) => {
    expect(() => choiceOf(args)).toThrow(message);
  });
});

describe("what the article's commands are given", () => {
  const provider = (cluster: string) => `${urn(`lab-${cluster}-provider`)}::some-id`;

  it("are the values and objects of the lab, by cluster, without what Pulumi adds", () => {
    const secret = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      plaintext: '"key"',
    };
    const inputs = inputsOf([
      {
        urn: urn("release"),
        type: "kubernetes:helm.sh/v3:Release",
        provider: provider("host"),
        inputs: { name: "devmgmt", values: { licenseKey: secret, __defaults: [], list: [{ a: 1 }] } },
      },
      {
        urn: urn("workspace"),
        type: "kubernetes:admin.gloo.solo.io/v2:Workspace",
        provider: provider("devmgmt-vcluster"),
        inputs: { apiVersion: "admin.gloo.solo.io/v2", kind: "Workspace", metadata: { name: "developers" } },
      },
      {
        urn: urn("reviews"),
        type: "kubernetes:core/v1:Service",
        provider: provider("devcluster1-vcluster"),
        inputs: {
          kind: "Service",
          metadata: { namespace: "bookinfo", annotations: { "pulumi.com/skipAwait": "true" } },
        },
      },
      { urn: urn("step"), type: "command:local:Command", inputs: { create: "{}" } },
    ]);
    expect(Object.fromEntries(inputs)).toEqual({
      "host/devmgmt.json": { licenseKey: "key", list: [{ a: 1 }] },
      "devmgmt/Workspace-developers.json": {
        apiVersion: "admin.gloo.solo.io/v2",
        kind: "Workspace",
        metadata: { name: "developers" },
      },
      "devcluster1/bookinfo.json": {
        apiVersion: "v1",
        kind: "List",
        items: [{ kind: "Service", metadata: { namespace: "bookinfo", annotations: {} } }],
      },
    });
  });
});

describe("two labs", () => {
  it("are told apart by what only one of them has", () => {
    expect(differences(["here", ["a", "b"]], ["there", ["b", "c"]])).toEqual([
      "only here: a",
      "only there: c",
    ]);
    expect(differences(["here", ["a"]], ["there", ["a"]])).toEqual([]);
  });
});
