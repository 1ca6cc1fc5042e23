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

  it.each<[string, object, "unknown" | undefined, { address: string } | undefined]>([
    ["its script has moved", { interpreter: ["node", "old.js"] }, undefined, { address: "last" }],
    [
      "its environment is the same secret",
      { environment: pulumi.secret({ A: "1" }) },
      undefined,
      { address: "last" },
    ],
    ["it is told something else", { create: "{}" }, undefined, undefined],
    ["its environment is another secret", { environment: pulumi.secret({ A: "2" }) }, undefined, undefined],
    ["what it is told is not known", {}, "unknown", undefined],
  ])(
    "that would be run again because %s, gives its last result if that is likely to stay",
    async (...row) => {
      const [, before, after, expected] = row;
      const { result, hooks } = await step(false);
      const [recall] = hooks.beforeUpdate ?? [];
      if (!(recall instanceof pulumi.ResourceHook)) throw new Error("nothing is recalled");
      const inputs = {
        interpreter: ["node", "new.js"],
        create: '{"a":1}',
        environment: pulumi.secret({ A: "1" }),
      };
      await recall.callback({
        ...args,
        oldInputs: { ...inputs, ...before },
        newInputs: after === undefined ? inputs : { ...inputs, create: (await step(false)).result },
        oldOutputs: { stdout: pulumi.secret('{"address":"last"}') },
      });
      expect(await settled(result)).toEqual(expected);
    },
  );

  it("gives none where there is none", async () => {
    expect(await settled((await step(true)).result)).toBeUndefined();
    expect(await settled((await step(false)).result)).toBeUndefined();
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
