import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { verbs } from "../../../cli/commands/index.ts";
import { labCallOf, sides } from "../../driver/lab-call.ts";
import { root } from "../../kit/paths.ts";
import { shellWord, wordsIn } from "../../kit/words.ts";

const scratch = mkdtempSync(join(tmpdir(), "driver-calls-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

describe("the words of a line", () => {
  it.each<[line: string, words: readonly string[]]>([
    ["", []],
    ["  status  --json ", ["status", "--json"]],
    ["a\tb\nc", ["a", "b", "c"]],
    [`config set x "a b" 'c d'`, ["config", "set", "x", "a b", "c d"]],
    [`"a"'b'c\\ d`, ["abc d"]],
    [`'' ""`, ["", ""]],
    [`"say \\"so\\" for \\$5 \\n"`, ['say "so" for $5 \\n']],
    [`'a\\b'`, ["a\\b"]],
    [
      "urn:pulumi:dev::p::x:Lab$y:VCluster::z *?[a] #b ;c",
      ["urn:pulumi:dev::p::x:Lab$y:VCluster::z", "*?[a]", "#b", ";c"],
    ],
    [`"$HOME \`date\`"`, ["$HOME `date`"]],
    ["é ü", ["é", "ü"]],
  ])("%s", (line, words) => {
    expect(wordsIn(line)).toEqual(words);
  });

  it.each([`"open`, "'open", "open\\"])("are none where a quote stays open: %s", (line) => {
    expect(() => wordsIn(line)).toThrow(
      `ARGS is ${line}: it has a quote or a backslash with nothing after it.`,
    );
  });
});

it.each(["plain", "50% l#ab", "it's", 'a "b"', "$HOME", "a\\b", "`date`", "!x;y", "é", ""])(
  "a shell reads again what is written for it: %s",
  (text) => {
    const script = `printf %s ${shellWord(text)}`;
    expect(execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" })).toBe(text);
  },
);

describe("a verb in the rehearsal", () => {
  it("tells of the lab as it stands, or of the next one; each verb has its side", () => {
    expect(Object.keys(sides).sort()).toEqual(verbs.map((verb) => verb.name()).sort());
  });

  it.each<[args: readonly string[], expected: ReturnType<typeof labCallOf>]>([
    [["status"], { stack: undefined, side: "standing", needsHost: true }],
    [["doctor", "--json"], { stack: undefined, side: "next", needsHost: true }],
    [["images", "--plain"], { stack: undefined, side: "next", needsHost: false }],
    [["graph", "--output", "x.svg"], { stack: undefined, side: "standing", needsHost: true }],
    [["graph", "--plan"], { stack: undefined, side: "next", needsHost: false }],
    [["graph", "--plan=Pulumi.kind.yaml"], { stack: undefined, side: "next", needsHost: false }],
    [["--stack", "kind", "status"], { stack: "kind", side: "standing", needsHost: true }],
    [["doctor", "-s", "kind"], { stack: "kind", side: "next", needsHost: true }],
    [["--stack=kind", "graph", "--plan"], { stack: "kind", side: "next", needsHost: false }],
    [["nonsense"], { stack: undefined, side: "standing", needsHost: true }],
    [[], { stack: undefined, side: "standing", needsHost: true }],
  ])("%j", (args, expected) => {
    expect(labCallOf(args)).toEqual(expected);
  });
});

describe("make", () => {
  // What make starts in place of Node prints its arguments, one a line.
  const folder = join(scratch, "50% l#ab 'q' $HOME");
  mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
  cpSync(join(root, "Makefile"), join(folder, "Makefile"));
  mkdirSync(join(folder, "rehearsal"), { recursive: true });
  for (const file of ["package.json", "package-lock.json", "rehearsal/package.json"])
    writeFileSync(join(folder, file), "{}");
  writeFileSync(join(folder, "node_modules", ".package-lock.json"), "{}");
  const isBuild = "case $1 in */build.ts) exit ;; esac\n";
  const echo = `#!/bin/sh\n${isBuild}` + 'printf "%s\\n" "$@" "STACK=$STACK" "CHARTS=$CHARTS" "HOST=$HOST"\n';
  writeFileSync(join(folder, "node_modules", ".bin", "node"), echo, { mode: 0o755 });

  const made = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { stdout } = await promisify(execFile)("make", [...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HOST: "my-machine", ...env },
    });
    return stdout.trimEnd().split("\n");
  };

  it.each([
    ["lab", `try "a b" 'c$d' $e $$ #f %`],
    ["pulumi", "state unprotect 'urn:pulumi:dev::mesh-lab::meshlab:Lab$meshlab:VCluster::east' --yes"],
    ["preview", ""],
  ])("passes ARGS on as they are: %s %s", async (target, line) => {
    const [, verb, flag, args] = await made([target, `ARGS=${line}`]);
    expect([verb, flag, args]).toEqual([target, "--line", line]);
    expect((await made([target], { ARGS: line }))[3]).toBe(line);
  });

  it("passes on what the command line chooses as it is, and of a machine's environment not HOST", async () => {
    const chosen = ["STACK=my$stack", "CHARTS=/a b/50%/c$d#e", "HOST=eks"];
    expect((await made(["rehearse", ...chosen])).slice(2)).toEqual(chosen);
    expect((await made(["rehearse"], { STACK: "k$s" })).slice(2)).toEqual(["STACK=k$s", "CHARTS=", "HOST="]);
  });
});

describe("the driver's end", () => {
  const directory = join(scratch, "rehearsal");
  const drive = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const options = { cwd: root, env: { ...process.env, REHEARSAL_DIR: directory, STACK: "", ...env } };
    return promisify(execFile)(process.execPath, ["rehearsal/main.ts", ...args], options).then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      (error: unknown) => {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, said: stdout + stderr };
      },
    );
  };

  it.each<[what: string, args: readonly string[], env: Readonly<Record<string, string>>, said: string]>([
    ["another verb", ["upp"], {}, "usage: node rehearsal/main.ts"],
    ["a verb that every object has", ["toString"], {}, "usage: node rehearsal/main.ts"],
    ["an argument for a verb that takes none", ["down", "now"], {}, "down takes no now"],
    ["a line for a verb that takes none", ["up", "--line", "--refresh"], {}, "up takes no --line"],
    ["an open quote", ["lab", "--line", "try 'x"], {}, "it has a quote or a backslash with nothing after it"],
    [
      "another word for the tools",
      ["tools", "--line", "all"],
      {},
      "tools takes one word or none: containers",
    ],
    ["another stack", ["up"], { STACK: "nope" }, "There is no Pulumi.nope.yaml"],
    ["another host", ["up"], { HOST: "nope" }, "there is no such host to simulate"],
    ["other delays", ["up"], { DELAYS: "some" }, "DELAYS is"],
    ["no number", ["up"], { SEED: "x" }, "SEED is"],
    ["settings that are none", ["up"], { REHEARSAL_SETTINGS: "{" }, "REHEARSAL_SETTINGS must be"],
    ["no such charts", ["up"], { CHARTS: "/no/such" }, "CHARTS is /no/such"],
    ["a folder that is not absolute", ["up"], { REHEARSAL_DIR: "here" }, "it must be an absolute path"],
    ["another verb of the lab", ["lab", "--", "statsu"], {}, "unknown command 'statsu'"],
    ["another option", ["lab", "--", "status", "--jsn"], {}, "unknown option '--jsn'"],
    ["a missing argument", ["lab", "--", "try"], {}, "missing required argument"],
  ])("is 2 after %s", async (_, args, env, message) => {
    const { code, said } = await drive(args, env);
    expect(said).toContain(message);
    expect(said).not.toMatch(/^ +at /m);
    expect(code).toBe(2);
  });

  it.each<[args: readonly string[], code: number]>([
    [["lab", "--", "status"], 1],
    [["lab", "--", "doctor"], 1],
    [["lab", "--", "images"], 1],
    [["lab", "--", "graph", "--plan"], 1],
    [["lab", "--", "kubeconfig", "--remove"], 1],
    [["pulumi", "--", "stack", "output"], 1],
    [["pulumi", "--", "up"], 1],
    [["down"], 0],
  ])("says that nothing is rehearsed, before the first run: %j", async (args, expected) => {
    const { code, said } = await drive(args);
    expect(said).toBe("nothing is rehearsed here: make rehearse\n");
    expect(code).toBe(expected);
  });

  it("is 0 where help is asked for", async () => {
    const { code, said } = await drive(["lab", "--", "status", "--help"]);
    expect(said).toContain('Usage: make lab ARGS="status [options]"');
    expect(code).toBe(0);
  });
});
