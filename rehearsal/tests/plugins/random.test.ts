import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../plugins/random.ts";
import { type Props, plain, UNKNOWN } from "../../plugins/server.ts";

const types = {
  password: "random:index/randomPassword:RandomPassword",
  string: "random:index/randomString:RandomString",
  bytes: "random:index/randomBytes:RandomBytes",
  id: "random:index/randomId:RandomId",
};

async function create(type: keyof typeof types, inputs: Props, preview = false) {
  const made = await random.create?.({ urn: "urn", type: types[type], inputs, preview, timeout: 0 });
  if (made === undefined) throw new Error("create is missing");
  return { ...made, plain: plain(made.outputs) as Record<string, string> };
}

const check = async (type: keyof typeof types, news: Props) =>
  (await random.check?.({ urn: "urn", type: types[type], olds: {}, news }))?.failures;

const replaces = async (type: keyof typeof types, oldInputs: Props, news: Props) =>
  (
    await random.diff?.({
      urn: "urn",
      type: types[type],
      id: "x",
      oldInputs,
      olds: {},
      news,
    })
  )?.replaces;

describe("random passwords and strings", () => {
  const bounds = fc.record({
    minUpper: fc.nat(5),
    minLower: fc.nat(5),
    minNumeric: fc.nat(5),
    minSpecial: fc.nat(5),
    extra: fc.nat(20),
  });

  it("have the length and at least the minimum of each class", async () => {
    await fc.assert(
      fc.asyncProperty(bounds, async ({ extra, ...minima }) => {
        const length = Math.max(1, Object.values(minima).reduce((a, b) => a + b) + extra);
        const { result = "" } = (await create("string", { length, ...minima })).plain;
        expect(result).toHaveLength(length);
        const found = (pattern: RegExp) => [...result.matchAll(pattern)].length;
        expect(found(/[A-Z]/g)).toBeGreaterThanOrEqual(minima.minUpper);
        expect(found(/[a-z]/g)).toBeGreaterThanOrEqual(minima.minLower);
        expect(found(/[0-9]/g)).toBeGreaterThanOrEqual(minima.minNumeric);
        expect(found(/[^A-Za-z0-9]/g)).toBeGreaterThanOrEqual(minima.minSpecial);
      }),
    );
  });

  it("use only the allowed classes, and the given special characters", async () => {
    const only = { upper: false, lower: false, number: false, overrideSpecial: "äß" };
    expect((await create("string", { length: 200, ...only })).plain["result"]).toMatch(/^[äß]{200}$/u);
    expect((await create("string", { length: 200, special: false })).plain["result"]).toMatch(
      /^[A-Za-z0-9]*$/,
    );
  });

  it("have the outputs of the real plugin, with the password as a secret", async () => {
    const { id, outputs, plain } = await create("password", {
      length: 8,
      keepers: { a: "1" },
      special: null,
    });
    expect(id).toBe("none");
    expect(outputs["result"]).not.toBe(plain["result"]);
    const { result, ...rest } = plain;
    expect(result).toHaveLength(8);
    expect(rest).toEqual({
      id: "none",
      length: 8,
      keepers: { a: "1" },
      ...{ upper: true, lower: true, numeric: true, number: true, special: true },
      ...{ minUpper: 0, minLower: 0, minNumeric: 0, minSpecial: 0 },
    });
  });

  it("are not known in a preview", async () => {
    const { id, outputs } = await create("password", { length: UNKNOWN }, true);
    expect([id, outputs["result"], outputs["length"]]).toEqual(["", UNKNOWN, UNKNOWN]);
  });

  it("are replaced when an input means something else, and only then", async () => {
    expect(await replaces("password", { length: 8 }, { length: 8, special: true, keepers: null })).toEqual(
      [],
    );
    expect(await replaces("password", { length: 8, number: false }, { length: 8, numeric: false })).toEqual(
      [],
    );
    expect(await replaces("password", { length: 8 }, { length: 9 })).toEqual(["length"]);
    expect(
      await replaces("password", { length: 8, keepers: { a: "1" } }, { length: 8, keepers: { a: "2" } }),
    ).toEqual(["keepers"]);
  });

  it("refuse what cannot be made", async () => {
    expect(await check("password", { length: 8 })).toEqual([]);
    expect(await check("password", { length: UNKNOWN, minUpper: 5 })).toEqual([]);
    expect(await check("password", { length: 4, minUpper: 5 })).toEqual([
      { property: "length", reason: "length must be a number of at least 5" },
    ]);
    const none = { upper: false, lower: false, numeric: false, special: false };
    expect(await check("password", { length: 4, ...none })).toEqual([
      { property: "special", reason: "one of special, upper, lower, numeric must be true" },
    ]);
  });
});

describe("random bytes and ids", () => {
  it("say the same in every form", async () => {
    const { id, plain } = await create("id", { byteLength: 5, prefix: "p-" });
    const bytes = Buffer.from(id, "base64url");
    expect(bytes).toHaveLength(5);
    expect(plain).toEqual({
      id,
      byteLength: 5,
      prefix: "p-",
      b64Url: `p-${id}`,
      b64Std: `p-${bytes.toString("base64")}`,
      hex: `p-${bytes.toString("hex")}`,
      dec: `p-${bytes.readUIntBE(0, 5)}`,
    });
    const made = await create("bytes", { length: 33 });
    expect(Buffer.from(made.plain["base64"] ?? "", "base64").toString("hex")).toBe(made.plain["hex"]);
    expect(Object.values(made.outputs).filter((v) => typeof v === "object")).toHaveLength(2);
    expect(await check("id", { byteLength: 0 })).toHaveLength(1);
  });

  it("are all there is besides strings", async () => {
    await expect(
      random.check?.({
        urn: "",
        type: "random:index/randomPet:RandomPet",
        olds: {},
        news: {},
      }),
    ).rejects.toThrow("The random stand-in has no random:index/randomPet:RandomPet; it has ");
  });
});
