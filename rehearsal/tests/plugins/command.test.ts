import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { command } from "../../plugins/command.ts";
import { type Props, UNKNOWN } from "../../plugins/server.ts";

const type = "command:local:Command";
const urn = "urn:pulumi:dev::mesh-lab::mesh:index:Lab$command:local:Command::wait";
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "command-")));
const how = { urn, type, timeout: 0 };
const change = { ...how, id: "x", oldInputs: {} };

const create = (inputs: Props, preview = false, timeout = 0) =>
  command.create?.({ urn, type, inputs: { logging: "none", ...inputs }, preview, timeout });
const update = (olds: Props, news: Props, preview = false) =>
  command.update?.({ ...change, olds, news: { logging: "none", ...news }, preview });
const diff = (oldInputs: Props, news: Props) => command.diff?.({ ...change, oldInputs, olds: {}, news });

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(() => {
  rmSync(scratch, { recursive: true });
});

describe("local.Command", () => {
  it("runs create in a shell, with environment, stdin and directory, and keeps what it prints", async () => {
    const script = 'echo "$GREETING"; cat; pwd; echo; echo >&2 problem';
    const inputs = {
      create: script,
      environment: { GREETING: "hello" },
      stdin: "from stdin\n",
      dir: scratch,
    };
    const made = await create(inputs);
    expect(made?.id).toMatch(/^wait[0-9a-f]{8}$/);
    expect(made?.outputs).toEqual({
      ...{ logging: "none", ...inputs },
      stdout: `hello\nfrom stdin\n${scratch}\n`,
      stderr: "problem",
    });
  });

  it("gives the command to another interpreter as its last argument", async () => {
    const made = await create({ create: "console.log(1 + 1)", interpreter: [process.execPath, "-e"] });
    expect(made?.outputs["stdout"]).toBe("2");
  });

  it("hands the last output on, unless it is told not to", async () => {
    const update1 = 'echo "[$PULUMI_COMMAND_STDOUT][$PULUMI_COMMAND_STDERR]"';
    const olds = { stdout: "out", stderr: "err" };
    expect((await update(olds, { update: update1 }))?.outputs["stdout"]).toBe("[out][err]");
    const quiet = { update: update1, addPreviousOutputInEnv: false };
    expect((await update(olds, quiet))?.outputs["stdout"]).toBe("[][]");
  });

  it("updates with create where there is no update, and with nothing where there is neither", async () => {
    const olds = { stdout: "old", stderr: "" };
    expect((await update(olds, { create: "echo again" }))?.outputs["stdout"]).toBe("again");
    expect((await update(olds, {}))?.outputs["stdout"]).toBe("old");
  });

  it("deletes with what the state says", async () => {
    const file = join(scratch, "deleted");
    const state = {
      delete: 'echo "$WHY" > "$FILE"',
      environment: { WHY: "gone", FILE: file },
      logging: "none",
    };
    await command.delete?.({ ...how, id: "x", inputs: {}, state });
    expect(readFileSync(file, "utf8")).toBe("gone\n");
  });

  it.each([
    [
      { create: 'echo a; echo "b" >&2; exit 3' },
      'exit status 3: running "echo a; echo \\"b\\" >&2; exit 3":\na\nb\n',
    ],
    [{ create: "kill -TERM $$" }, 'signal: terminated: running "kill -TERM $$":\n'],
    [
      { create: "x", interpreter: ["no-such"] },
      'exec: "no-such": executable file not found in $PATH: running "x":\n',
    ],
    [
      { create: "x", interpreter: ["/no/such"] },
      'fork/exec /no/such: no such file or directory: running "x":\n',
    ],
    [{ create: "x", dir: "/no/dir" }, 'chdir /no/dir: no such file or directory: running "x":\n'],
  ])("fails in the words of the real plugin: %j", async (inputs, message) => {
    const error = (await create(inputs)?.catch((e: unknown) => e)) as Error;
    // Two streams: which of their lines comes first is not certain.
    expect(error.message.replace("b\na\n", "a\nb\n")).toBe(message);
  });

  it("ends when it takes too long, or is cancelled, together with what it started", async () => {
    // The command is over only when nobody holds its output any more: not in 60 s, but at once.
    const long = "sleep 60 & echo started; wait";
    await expect(create({ create: long }, false, 0.3)).rejects.toThrow("signal: killed");
    const pending = expect(create({ create: long })).rejects.toThrow("signal: killed");
    await sleep(100);
    command.cancel?.();
    await pending;
  });

  it("shows the streams it is asked to", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await create({ create: "echo quiet; echo one >&2; printf two >&2", logging: "stderr" });
    expect(write.mock.calls.map(([line]) => line)).toEqual(["info: one\n", "info: two\n"]);
  });

  it("runs nothing in a preview; what would be printed is not known", async () => {
    const inputs = { create: "exit 1", environment: { A: UNKNOWN } };
    const made = await create(inputs, true);
    expect(made?.outputs).toEqual({ logging: "none", ...inputs, stdout: UNKNOWN, stderr: UNKNOWN });
    const olds = { logging: "none", create: "a", stdout: "old", stderr: "" };
    expect((await update(olds, { create: "b" }, true))?.outputs["stdout"]).toBe(UNKNOWN);
    expect((await update(olds, { create: "a", dir: "." }, true))?.outputs["stdout"]).toBe("old");
    expect((await update(olds, { create: "a", dir: UNKNOWN }, true))?.outputs["stdout"]).toBe(UNKNOWN);
  });

  it("tells every difference by its path, and replaces for triggers", async () => {
    const same = { create: "a", __internal: {}, environment: { A: "1" } };
    expect(await diff(same, { ...same, __internal: { x: 1 } })).toMatchObject({
      changed: false,
      detailedDiff: {},
    });
    const before = { environment: { A: "1", "b.c": "1", D: "1" }, triggers: [1, { x: 1 }], dir: "x" };
    const after = { environment: { A: "2", "b.c": "2" }, triggers: [1, { x: 2 }, 3], stdin: "y" };
    expect(await diff(before, after)).toEqual({
      changed: true,
      replaces: [],
      detailedDiff: {
        "environment.A": { kind: "update" },
        'environment["b.c"]': { kind: "update" },
        "environment.D": { kind: "delete" },
        "triggers[1].x": { kind: "update" },
        "triggers[2]": { kind: "add" },
        dir: { kind: "delete" },
        stdin: { kind: "add" },
      },
    });
    expect(await diff({}, { triggers: [1] })).toEqual({
      changed: true,
      replaces: ["triggers"],
      detailedDiff: { triggers: { kind: "add-replace" } },
    });
  });

  it("says what it cannot do", async () => {
    const checked = await command.check?.({
      urn,
      type,
      olds: {},
      news: { assetPaths: ["*"] },
    });
    expect(checked?.failures).toEqual([
      {
        property: "assetPaths",
        reason: "the command stand-in collects no files; this needs the real plugin",
      },
    ]);
    await expect(
      command.check?.({ urn, type: "command:remote:Command", olds: {}, news: {} }),
    ).rejects.toThrow("The command stand-in has no command:remote:Command; it has command:local:Command");
  });
});

describe("local.run", () => {
  it("runs every time", async () => {
    const args = { command: "echo hi", logging: "none" };
    expect(await command.invoke?.({ tok: "command:local:run", args })).toEqual({
      ...args,
      stdout: "hi",
      stderr: "",
    });
  });
});
