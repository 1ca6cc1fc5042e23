import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdAnnotations } from "../../rehearsal/controllers/kit/holds.ts";
import { until } from "../../rehearsal/kit/until.ts";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { annotateHostPod, engineProcesses, inside, killProcess } from "./support/faults.ts";
import { failureOf, inlineStack, opsOf } from "./support/inline.ts";
import { bookinfoIn, istioIn, oneWorkload, roomForAll } from "./support/parts.ts";
import { rehearsed } from "./support/rehearsal.ts";

beforeAll(async () => {
  process.env["REHEARSAL_SETTINGS"] = JSON.stringify(roomForAll);
  await rehearsed("reset");
  await rehearsed("host");
});
afterAll(async () => {
  await rehearsed("reset");
});

const up = (stack: Stack) => stack.up({ parallel: 32, color: "never" });

/** Runs `up` until a resource is being created, then `strike`, and gives how it ended. */
async function struck(stack: Stack, resource: string, strike: () => Promise<void>): Promise<string> {
  let striking: Promise<void> | undefined;
  const ended = await stack
    .up({
      parallel: 32,
      color: "never",
      onEvent: ({ resourcePreEvent: { metadata } = {} }) => {
        if (metadata?.op === "create" && metadata.urn.endsWith(`::${resource}`)) striking ??= strike();
      },
    })
    .then(
      () => "it came up",
      (error: unknown) => String(error),
    );
  if (striking === undefined) throw new Error(`${resource} was not created: ${ended}`);
  await striking;
  return ended;
}

/** The next `up` builds the rest, and then there is nothing to do. */
async function converges(stack: Stack): Promise<void> {
  await up(stack);
  expect(await opsOf(stack)).toEqual({});
}

const isOf =
  (name: string, app: string) =>
  ({ metadata }: V1Pod): boolean =>
    metadata?.namespace === name && metadata.name?.startsWith(`${app}-`) === true;

describe.concurrent("a lab gets over", () => {
  it("an istiod that never gets ready: its reason is told, and when it is gone the lab comes up", async () => {
    const programOf =
      (values: object): PulumiFn =>
      async () => {
        istioIn("sick", {}, oneWorkload("sick", { values: { istiod: values } }));
      };
    const crash = { [holdAnnotations.crash]: "no leader was elected" };
    const stack = await inlineStack("sick", programOf({ pilot: { podAnnotations: crash } }));
    expect(await failureOf(stack)).toMatch(
      /istiod in namespace istio-system: Pod istiod-\S+: container \S+ is in CrashLoopBackOff: no leader was elected/,
    );
    stack.workspace.program = programOf({});
    await converges(stack);
  });

  it("an injection webhook that is down for a while: no pod is made without a sidecar", async () => {
    const stack = await inlineStack("webhook", async () => {
      istioIn("webhook");
    });
    await up(stack);
    const hold = (reason: string | null) =>
      annotateHostPod(rehearsalDir, isOf("webhook", "istiod"), { [holdAnnotations.hold]: reason });
    await hold("it starts again");

    stack.workspace.program = async () => {
      bookinfoIn("webhook");
    };
    const ended = up(stack);
    const core = await inside(rehearsalDir, "webhook");
    await until(
      async () =>
        (await core.listNamespacedEvent({ namespace: "bookinfo" })).items.some(({ message = "" }) =>
          message.includes("failed calling webhook"),
        ),
      60,
      () => "no pod was refused",
    );
    expect((await core.listNamespacedPod({ namespace: "bookinfo" })).items).toEqual([]);
    await hold(null);
    await ended;
    for (const { spec } of (await core.listNamespacedPod({ namespace: "bookinfo" })).items)
      expect(spec?.containers.map(({ name }) => name)).toContain("istio-proxy");
  });

  it("a virtual API server that is killed in the middle", async () => {
    const stack = await inlineStack("killed-api", async () => {
      istioIn("killed-api");
    });
    await struck(stack, "istio-istiod", async () => {
      await sleep(500);
      killProcess(rehearsalDir, "killed-api.kube-apiserver");
    });
    await converges(stack);
  });

  it("a plugin that is killed while it installs a release", async () => {
    const stack = await inlineStack("killed-plugin", async () => {
      istioIn("killed-plugin");
    });
    const ended = await struck(stack, "istio-istiod", async () => {
      const core = await inside(rehearsalDir, "killed-plugin");
      await until(
        async () => {
          const { items } = await core.listNamespacedSecret({ namespace: "istio-system" });
          return items.some(({ metadata }) => metadata?.labels?.["status"] === "pending-install");
        },
        30,
        () => "nothing was pending",
      );
      // Other stacks have theirs meanwhile; of this one, each provider has a process.
      const isPlugin = ([program = ""]: readonly string[]) =>
        basename(program) === "pulumi-resource-kubernetes";
      const plugins = engineProcesses("PULUMI_STACK=killed-plugin", isPlugin);
      expect(plugins.length).toBeGreaterThan(1);
      for (const { pid } of plugins) process.kill(pid, "SIGKILL");
    });
    expect(ended).toContain("istio-istiod");
    await converges(stack);
  });
});
