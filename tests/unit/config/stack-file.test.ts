import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { checkSettings, settingsOf } from "../../../config/check.ts";
import { pulumiYaml } from "../../../config/stack-file/pulumi-yaml.ts";
import { readProject, readStackFile, textsOf } from "../../../config/stack-file/stack-file.ts";
import { paths } from "../../../rehearsal/kit/paths.ts";
import { overlay } from "../../../rehearsal/engine/stack-files.ts";

const scratch = mkdtempSync(join(tmpdir(), "stack-file-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const project = { name: "renamed", defaults: {} };

/** Values as they stand in a file, each with the text that Pulumi passes to the program. */
const values: readonly (readonly [written: string, passed: string])[] = [
  ["plain words", "plain words"],
  ['"2026-12-31"', "2026-12-31"],
  ["2026-12-31", "2026-12-31 00:00:00 +0000 UTC"],
  ["2026-1-2", "2026-01-02 00:00:00 +0000 UTC"],
  ["2026-02-31", "2026-02-31"],
  ["2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.1 -0500 -0500"],
  ["2001-12-14 21:59:43", "2001-12-14 21:59:43 +0000 UTC"],
  ['"1_000"', "1_000"],
  ["1_000", "1000"],
  ["0777", "511"],
  ["0o17", "15"],
  ["0x1F", "31"],
  ["0b101", "5"],
  ["-0x10", "-16"],
  ["08", "8"],
  ["'08'", "08"],
  ["+5", "5"],
  ["1e3", "1000"],
  ["1.0", "1"],
  ["1.50", "1.5"],
  [".5", "0.5"],
  ["1:30", "1:30"],
  ["9007199254740993", "9007199254740993"],
  ["18446744073709551615", "18446744073709551615"],
  ["18446744073709551616", "18446744073709552000"],
  ["1e400", "1e400"],
  ["yes", "yes"],
  ["off", "off"],
  ["y", "y"],
  ["True", "true"],
  ["tRUE", "tRUE"],
  ['"true"', "true"],
  ["!!str 12", "12"],
  ['!!int "3"', "3"],
  ["!custom x", "x"],
  ["|\n    two\n    lines", "two\nlines\n"],
  [">-\n    one\n    line", "one line"],
  [
    "[1_000, '1_000', 2026-12-31, yes, ~, 1.0, 9007199254740993]",
    '[1000,"1_000","2026-12-31 00:00:00 +0000 UTC","yes",null,1,9007199254740993]',
  ],
  ["{b: 1, a: {}, 3: x, true: y, c: }", '{"3":"x","a":{},"b":1,"c":null,"true":"y"}'],
  ["{until: \"2026-12-31\", build: '1_000', on: no}", '{"build":"1_000","on":"no","until":"2026-12-31"}'],
  ["&anchor {k: v, n: 1}", '{"k":"v","n":1}'],
  ["*anchor", '{"k":"v","n":1}'],
  ["{<<: *anchor, n: 2}", '{"k":"v","n":2}'],
  ["{n: 3, <<: [*anchor, {n: 4, z: 5}]}", '{"k":"v","n":3,"z":5}'],
  ['"a\\tb \\u00e9"', "a\tb é"],
  ["3m # a remark", "3m"],
];
const text = `config:\n${values.map(([written], index) => `  k${index}: ${written}\n`).join("")}`;
const expected = Object.fromEntries(values.map(([, passed], index) => [`renamed:k${index}`, passed]));

describe("a stack's file", () => {
  const file = readStackFile("Pulumi.dev.yaml", text, project.name);

  it.each(values.map(([written, passed], index) => [written, passed, `renamed:k${index}`] as const))(
    "is read by Pulumi's rules: %s",
    (_, passed, key) => {
      expect(textsOf(file, project)[key]).toBe(passed);
    },
  );

  it("means the same after it was written for Pulumi to read", () => {
    const again = readStackFile("Pulumi.dev.yaml", pulumiYaml(file), project.name);
    expect(textsOf(again, project)).toEqual(expected);
  });

  it("is read as Pulumi itself reads it, and so is the one that is rehearsed", () => {
    const passedBy = (folder: string, content: string) => {
      const cwd = join(scratch, folder);
      mkdirSync(join(cwd, "state"), { recursive: true });
      writeFileSync(join(cwd, "Pulumi.yaml"), "name: renamed\nruntime: nodejs\n");
      const env = {
        PATH: process.env["PATH"] ?? "",
        PULUMI_HOME: join(cwd, "home"),
        PULUMI_BACKEND_URL: pathToFileURL(join(cwd, "state")).href,
        PULUMI_CONFIG_PASSPHRASE: "passphrase",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_STACK: "dev",
      };
      const pulumi = (...args: string[]) =>
        execFileSync(join(paths.bin, "pulumi"), [...args, "--non-interactive"], {
          cwd,
          env,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        });
      pulumi("stack", "init", "dev", "--no-select");
      writeFileSync(join(cwd, "Pulumi.dev.yaml"), content);
      const config = JSON.parse(pulumi("config", "--json")) as Record<string, { value: string }>;
      return Object.fromEntries(Object.entries(config).map(([key, { value }]) => [key, value]));
    };
    expect(passedBy("50% l#ab 'q'", text)).toEqual(expected);
    const rehearsed = overlay(file, {}, { project: project.name, charts: "charts", versionSet: "article" });
    expect(passedBy("rehearsed", pulumiYaml(rehearsed))).toMatchObject(expected);
  });

  it.each<[what: string, text: string, keys: Readonly<Record<string, string>>]>([
    [
      "keys with and without the project's name",
      "config:\n  a: 1\n  renamed:b: 2\n",
      { "renamed:a": "1", "renamed:b": "2" },
    ],
    ["an old form of keys", "config:\n  renamed:config:a: 1\n", { "renamed:a": "1" }],
    ["another project's keys", "config:\n  aws:region: x\n", { "aws:region": "x" }],
    ["nothing at all", "", {}],
    ["no configuration", "encryptionsalt: v1\nconfig:\n", {}],
    ["a mark of the byte order", "\uFEFFconfig:\n  a: 1\n", { "renamed:a": "1" }],
    ["a second document", "config:\n  a: 1\n---\nconfig:\n  a: 2\n", { "renamed:a": "1" }],
    [
      "what is encrypted",
      "config:\n  a:\n    secure: v1:x\n  b:\n    c:\n      secure: v1:y\n",
      { "renamed:a": "[secret]", "renamed:b": '{"c":"[secret]"}' },
    ],
  ])("may have %s", (_, content, keys) => {
    expect(textsOf(readStackFile("Pulumi.dev.yaml", content, project.name), project)).toEqual(keys);
  });

  it.each<[what: string, text: string, message: string]>([
    ["one key twice", "config:\n  a: 1\n  renamed:a: 2\n", "has renamed:a twice, as a and as renamed:a"],
    [
      "a key twice in a mapping",
      "config:\n  a: {b: 1, b: 2}\n",
      "Pulumi.dev.yaml is no YAML: Map keys must be unique",
    ],
    ["no YAML", "config: [", "Pulumi.dev.yaml is no YAML:"],
    ["a list", "- a\n", "Pulumi.dev.yaml is no stack's file: expected a mapping with config."],
    ["a configuration that is a list", "config: [a]\n", "config must be a mapping"],
    ["a key of too many parts", "config:\n  a:b:c: 1\n", "a:b:c is no key of a configuration"],
    ["an alias of itself", "config: &x\n  a: [*x]\n", "Pulumi.dev.yaml is no YAML: it is nested too deeply"],
    ["an alias of nothing", "config:\n  a: *x\n", "Pulumi.dev.yaml is no YAML: there is no anchor x"],
  ])("is refused where it has %s", (_, content, message) => {
    expect(() => readStackFile("Pulumi.dev.yaml", content, project.name)).toThrow(message);
  });
});

describe("the project", () => {
  it("says what keys begin with, and what holds where a stack says nothing", () => {
    const declared = [
      "name: renamed",
      "config:",
      "  short: 2",
      "  aws:region: {value: west}",
      "  full: {type: string, default: text}",
      "  bare: {type: string}",
    ];
    writeFileSync(join(scratch, "Pulumi.yaml"), declared.join("\n"));
    const found = readProject(scratch);
    expect(found).toEqual({
      name: "renamed",
      defaults: { "renamed:short": 2, "aws:region": "west", "renamed:full": "text" },
    });
    const file = readStackFile("Pulumi.dev.yaml", "config: {full: mine}", found.name);
    expect(settingsOf(found.name, textsOf(file, found))).toMatchObject({ full: "mine" });
  });

  it("of this lab reads its own examples", () => {
    const found = readProject(".");
    const texts = textsOf(
      readStackFile("Pulumi.dev.yaml", "config: {workloads: [{name: east}]}", found.name),
      found,
    );
    const { mistakes, settings } = checkSettings({ ...settingsOf(found.name, texts), licenseKey: "key" });
    expect(mistakes).toEqual([]);
    expect(settings?.workloads.map(({ name }) => name)).toEqual(["east"]);
  });
});

describe("the secrets of a rehearsal", () => {
  const laid = (config: Readonly<Record<string, unknown>>) =>
    Object.keys(
      overlay({ config }, {}, { project: "mesh-lab", charts: "charts", versionSet: "article" }).config ?? {},
    );

  it("are those that the configuration wants, whatever the user's file has", () => {
    expect(laid({})).toContain("mesh-lab:licenseKey");
    expect(laid({ "mesh-lab:oidcClientSecret": "plain" })).not.toContain("mesh-lab:oidcClientSecret");
    const issuer = { url: "https://id.test", clientId: "lab" };
    expect(laid({ "mesh-lab:capabilities": { oidc: { issuer } } })).toContain("mesh-lab:oidcClientSecret");
  });
});
