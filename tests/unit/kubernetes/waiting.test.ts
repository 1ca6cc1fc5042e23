import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { watch } from "../../../components/base/watch.ts";
import type { Problem } from "../../../kubernetes/diagnosis/diagnosis.ts";
import { endRun } from "../../../kubernetes/waits/end-run.ts";
import { createPatience, inShort } from "../../../kubernetes/waits/patience.ts";
import { type Clock, poll } from "../../../kubernetes/waits/poll.ts";
import { apiServer, stopApiServers } from "../support/api-server.ts";
import { record } from "../support/record.ts";

afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(stopApiServers);

const slow: Problem = { namespace: "a", text: "Pod a is not ready.", isSlow: true };
const noRoom: Problem = {
  namespace: "a",
  text: "Pod b is on no node: 1 Insufficient cpu.",
  stuck: { pod: "b", since: 0 },
};
const refused: Problem = { namespace: "a", text: "StatefulSet a has 0 of 1 pods: exceeded quota." };

describe("problems in short", () => {
  it.each<[what: string, problems: Problem[], expected: string]>([
    ["are those with a reason", [slow, noRoom], noRoom.text],
    ["are the slow ones where there are no others", [slow, slow], slow.text],
    [
      "are as many as one reads",
      [noRoom, refused, { ...refused, text: "c" }, { ...refused, text: "d" }],
      `${noRoom.text} ${refused.text} c 1 more.`,
    ],
    ["are nothing where nothing is wrong", [], ""],
  ])("%s", (_, problems, expected) => {
    expect(inShort(problems)).toBe(expected);
  });
});

describe("patience", () => {
  const at = (...looks: (readonly [seconds: number, ...problems: Problem[]])[]) => {
    const judge = createPatience(0);
    return looks.map(([seconds, ...problems]) => judge(problems, seconds * 1000));
  };

  it("has news only of what has changed", () => {
    const found = at([20, slow], [30, slow], [40, noRoom], [50], [60, noRoom]);
    expect(found.map(({ news }) => news)).toEqual([
      slow.text,
      undefined,
      noRoom.text,
      undefined,
      noRoom.text,
    ]);
    expect(found.map(({ isSlow }) => isSlow)).toEqual([true, true, false, true, false]);
  });

  it("is over when no node has taken a pod for a minute, of which the first looks know nothing", () => {
    const found = at([20, slow], [50, noRoom], [60, noRoom, slow]);
    expect(found.map(({ hopeless }) => hopeless)).toEqual([undefined, undefined, noRoom.text]);
  });

  it("begins with the wait, with another pod, and with one that had a node meanwhile", () => {
    const old = { ...noRoom, stuck: { pod: "b", since: -900_000 } };
    expect(at([20, old], [59, old]).map(({ hopeless }) => hopeless)).toEqual([undefined, undefined]);
    const other = { ...noRoom, stuck: { pod: "c", since: 90_000 } };
    const again = { ...noRoom, stuck: { pod: "b", since: 160_000 } };
    const found = at(
      [20, noRoom],
      [50],
      [100, other],
      [149, other],
      [150, other],
      [160, again],
      [219, again],
    );
    expect(found.map(({ hopeless }) => hopeless !== undefined)).toEqual([
      ...[false, false, false, false, true, false, false],
    ]);
  });

  it("lasts for whatever else is wrong: it may be put right meanwhile", () => {
    expect(at([20, refused], [900, refused])[1]).toMatchObject({ isSlow: false });
    expect(at([20, refused], [900, refused])[1]).not.toHaveProperty("hopeless");
  });
});

describe("a step that waits", () => {
  const wait = { what: "the moon", hint: "Look up.", look: async () => ({ state: "it is new" }) };
  /** A clock on which time goes by as soon as one waits for it. */
  const quick = (): Clock => {
    let time = 0;
    return { now: () => time, sleep: async (ms) => (time += ms) };
  };

  it("says from twenty seconds on why", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
    let looks = 0;
    const problems = async () => (looks++, [refused]);
    await expect(poll({ ...wait, problems, timeoutSeconds: 45 }, quick())).rejects.toThrow(
      /^waited 45 s for the moon: it is new\. StatefulSet a has 0 of 1 pods: exceeded quota\. Look up\.$/,
    );
    const lines = said.mock.calls.map(([line]) => String(line).replaceAll(/\d+ s/g, "N s"));
    expect(lines).toEqual([
      "waiting for the moon (N s): it is new.",
      ...Array.from({ length: 3 }, () => `waiting for the moon (N s): it is new. ${refused.text}`),
    ]);
    expect(looks).toBe(4);
  });

  it("gives up where no node takes a pod", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const stuck = poll({ ...wait, problems: async () => [noRoom], timeoutSeconds: 600 }, quick());
    await expect(stuck).rejects.toThrow(
      /^waited 60 s for the moon: it is new\. Pod b is on no node: 1 Insufficient cpu\.$/,
    );
  });

  it("goes on where the reason cannot be found out", async () => {
    const problems = async () => Promise.reject(new Error("no"));
    await expect(poll({ ...wait, problems, timeoutSeconds: 0.01 })).rejects.toThrow(
      /^waited 0 s for the moon: it is new\. Look up\.$/,
    );
  });
});

describe("the end of a run", () => {
  const tree = (...programs: string[]) => {
    const known = new Map(
      programs.map((program, index) => [process.ppid + index, { program, parent: process.ppid + index + 1 }]),
    );
    return async (pid: number) => known.get(pid);
  };
  const ended = async (...programs: string[]) => {
    const signals: number[] = [];
    const isEnded = await endRun(tree(...programs), (pid) => signals.push(pid - process.ppid));
    return { isEnded, signals };
  };

  it.each<[programs: string[], expected: number[]]>([
    [["pulumi-language-nodejs", "pulumi", "bash"], [1]],
    [["node", "/opt/pulumi/bin/pulumi"], [1]],
    [["node", "bash", "systemd"], []],
    [[], []],
  ])("is asked of the engine above the program: %j", async (programs, expected) => {
    expect(await ended(...programs)).toEqual({ isEnded: expected.length > 0, signals: expected });
  });

  it("is asked of nobody where this program has no engine above it", async () => {
    expect(await endRun(undefined, () => expect.unreachable())).toBe(false);
  });
});

describe("a watched resource", () => {
  const namespace = "istio-system";
  const of = (kind: string) => `GET /api/v1/namespaces/${namespace}/${kind}`;
  const notCopied = "?labelSelector=%21vcluster.loft.sh%2Fmanaged-by";
  const pod = {
    metadata: { name: "istiod-1", uid: "1" },
    spec: { containers: [] },
    status: { conditions: [{ type: "PodScheduled", status: "False", message: "1 Insufficient cpu" }] },
  };

  /** A watch over a cluster, with what it says. */
  async function watched() {
    const { kubeconfig } = await apiServer({ [`${of("pods")}${notCopied}`]: { items: [pod] } });
    const said: string[] = [];
    for (const level of ["info", "error"] as const) {
      vi.spyOn(pulumi.log, level).mockImplementation(async (message, _, __, isEphemeral) => {
        said.push(`${level}${isEphemeral === true ? ", ephemeral" : ""}: ${message}`);
      });
    }
    let found: ReturnType<typeof watch> | undefined;
    await record(
      () => ({}),
      () => {
        found = watch("istiod", {
          what: "istiod",
          namespace,
          access: { kubeconfig: pulumi.secret(kubeconfig) },
          host: { context: "nowhere" },
          keys: { values: {}, cluster: { name: "east", values: {} } },
        });
      },
    );
    if (found === undefined) throw new Error("nothing is watched");
    return { watch: found, said };
  }
  const reason =
    "Pod istiod-1 is on no node: 1 Insufficient cpu. It asks for 0 CPUs and 0 GiB. Make room on the host, or add a node.";

  it("says why it has failed, once", async () => {
    const { watch: found, said } = await watched();
    await found.explain(["context deadline exceeded"]);
    await found.explain(["context deadline exceeded"]);
    expect(said).toEqual([`error: istiod in namespace istio-system: ${reason}`]);
  });

  it("says nothing of a run that somebody ended", async () => {
    const { watch: found, said } = await watched();
    await found.explain(["release istiod has been cancelled: context canceled"]);
    expect(said).toEqual([]);
  });
});
