import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it } from "vitest";
import { runStep } from "../../../components/base/step.ts";
import { settled } from "../../../components/base/settled.ts";

afterEach(async () => {
  await pulumi.runtime.disconnect();
});

/** Makes a step in a preview, or in a run that prints `stdout`. */
async function step(isSteady: boolean, stdout?: string, name = "step") {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ inputs }) => ({
        id: "id",
        state: { ...(inputs as object), ...(stdout === undefined ? {} : { stdout }) },
      }),
      call: () => ({}),
    },
    "mesh-lab",
    "test",
    stdout === undefined,
  );
  const registered = (_: unknown, callback: (error: null, answer: object) => void) => {
    callback(null, {});
  };
  Object.assign(pulumi.runtime.getMonitor() ?? {}, {
    registerErrorHook: registered,
    registerResourceHook: registered,
  });
  let hooks: pulumi.ResourceHookBinding = {};
  const transformations = [
    ({ opts }: pulumi.ResourceTransformationArgs) => {
      hooks = opts.hooks ?? {};
      return undefined;
    },
  ];
  const { result } = runStep<{ address: string }>(
    name,
    { script: "node", spec: {}, timeoutSeconds: 60, isSteady },
    { transformations },
  );
  return { result, hooks };
}

describe("a step in a preview", () => {
  const args = { urn: "", id: "", name: "step", type: "" };

  it("that would be run again gives its last result, if it is a steady one", async () => {
    const { result, hooks } = await step(true);
    const [recall] = hooks.beforeUpdate ?? [];
    if (!(recall instanceof pulumi.ResourceHook)) throw new Error("nothing is recalled");
    expect(recall.opts).toEqual({ onDryRun: true });
    await recall.callback({ ...args, oldOutputs: { stdout: pulumi.secret('{"address":"last"}') } });
    expect(await settled(result)).toEqual({ address: "last" });
    expect(await pulumi.isSecret(result)).toBe(true);
  });

  it("gives none otherwise", async () => {
    expect(await settled((await step(true)).result)).toBeUndefined();
    const { result, hooks } = await step(false);
    expect([await settled(result), hooks.beforeUpdate]).toEqual([undefined, undefined]);
  });
});

describe("a step in a run", () => {
  it("gives what it prints", async () => {
    const { result, hooks } = await step(true, '{"address":"new"}');
    expect([await settled(result), hooks.beforeUpdate]).toEqual([{ address: "new" }, undefined]);
  });

  it("goes on waiting until the present time-out is over, and for nothing else", async () => {
    const { hooks } = await step(true, "{}");
    const [hook] = hooks.onError ?? [];
    if (hook === undefined) throw new Error("the step has no error hook");
    const failedWith = async (...errors: string[]) =>
      hook.callback({ urn: "", id: "", name: "step", type: "", failedOperation: "update", errors });
    expect(await failedWith("waited 40 s for Secret a")).toBe(true);
    expect(await failedWith("waited 40 s for Secret a", "waited 40 s for Secret a")).toBe(false);
    expect(
      await (
        await step(true, "{}", "other")
      ).hooks.onError?.[0]?.callback({
        urn: "",
        id: "",
        name: "other",
        type: "",
        failedOperation: "create",
        errors: ["no such context"],
      }),
    ).toBe(false);
  });
});
