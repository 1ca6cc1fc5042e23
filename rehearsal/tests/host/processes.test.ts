import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { endProcess, identify, isAlive } from "../../kit/process-identity.ts";
import { createProcessGroup, type Death, type ProcessGroup, reap } from "../../host/base/processes.ts";

let directory: string;
let registry: string;
let deaths: Death[];
let lines: string[];
let group: ProcessGroup;

const script = (code: string): { command: string; args: string[] } => ({
  command: process.execPath,
  args: ["-e", code],
});
const forever = script("setInterval(() => {}, 1000)");
const logOf = (name: string): string => readFileSync(join(directory, "logs", `${name}.log`), "utf8");

function makeGroup(): ProcessGroup {
  return createProcessGroup({
    logs: join(directory, "logs"),
    registry,
    onFatal: (death) => deaths.push(death),
    log: (line) => lines.push(line),
    graceSeconds: 0.3,
    restartDelay: 0.01,
    restartLimit: 3,
  });
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "host-processes-"));
  registry = join(directory, "processes.json");
  deaths = [];
  lines = [];
  group = makeGroup();
});

afterEach(async () => {
  await group.stopAll();
  rmSync(directory, { recursive: true });
});

/** Processes that start and end take their time where others have the processors. */
const soon = { timeout: 20_000 };

describe("a process group", () => {
  test("tells of a fatal end with the last lines of the log", async () => {
    const code = "for (let i = 1; i <= 30; i++) console.log('line ' + i); process.exitCode = 7";
    group.start({ name: "short", ...script(code), onExit: "fatal" });
    await vi.waitFor(() => {
      expect(deaths).toHaveLength(1);
    }, soon);
    expect(deaths[0]?.message).toBe("short ended with exit code 7");
    expect(deaths[0]?.tail.split("\n")).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 11}`));
  });

  test("tells of a panic without its stack", async () => {
    const code =
      "console.log('panic: no room\\n\\ngoroutine 7 [running]:\\nmain.main()\\n\\tmain.go:1'); process.exitCode = 2";
    group.start({ name: "go", ...script(code), onExit: "fatal" });
    await vi.waitFor(() => {
      expect(deaths[0]?.tail).toBe("panic: no room");
    }, soon);
  });

  test("tells of a command that does not exist", async () => {
    group.start({ name: "absent", command: join(directory, "absent"), args: [], onExit: "fatal" });
    await vi.waitFor(() => {
      expect(deaths[0]?.message).toMatch(/^absent could not be started: .*ENOENT/);
    }, soon);
  });

  test("starts a process again until it has died too often", async () => {
    group.start({ name: "weak", ...script("console.log('up')"), onExit: "restart" });
    await vi.waitFor(() => {
      expect(deaths.map(({ message }) => message)).toEqual([
        "weak ended with exit code 0 after 3 new starts",
      ]);
    }, soon);
    expect(logOf("weak").match(/^up$/gm)).toHaveLength(4);
    expect(lines).toHaveLength(3);
  });

  test("gives the tail to whoever asked for it, and starts nothing again", async () => {
    const tail = await new Promise((onExit) => {
      group.start({ name: "asked", ...script("console.log('bye')"), onExit });
    });
    expect(tail).toBe("bye");
    expect(deaths).toEqual([]);
  });

  test("does not hand the user's environment to its processes", async () => {
    process.env["SECRET_OF_THE_USER"] = "x";
    const print = script("console.log(process.env.SECRET_OF_THE_USER, process.env.GIVEN)");
    const tail = await new Promise((onExit) => {
      group.start({ name: "bare", ...print, env: { GIVEN: "yes" }, onExit });
    });
    delete process.env["SECRET_OF_THE_USER"];
    expect(tail).toBe("undefined yes");
  });

  test("insists when a process does not want to end, and then takes it for no death", async () => {
    const stubborn = script("process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000)");
    const child = group.start({ name: "stubborn", ...stubborn, onExit: "fatal" });
    const { pid = 0 } = child;
    await new Promise((resolve) => setTimeout(resolve, 200));
    await child.stop();
    expect(identify(pid)).toBeUndefined();
    expect(deaths).toEqual([]);
  });

  test("ends the first process when all others are gone, and starts no more", async () => {
    const gone: string[] = [];
    const children = ["first", "second", "third"].map((name) =>
      group.start({ name, ...forever, onExit: "fatal" }),
    );
    const pids = children.map(({ name, pid = 0 }) => ({ name, pid }));
    const observer = setInterval(() => {
      for (const { name, pid } of pids) {
        if (identify(pid) === undefined && !gone.includes(name)) gone.push(name);
      }
    }, 1);
    await group.stopAll();
    clearInterval(observer);
    expect(gone.slice(0, 2).sort()).toEqual(["second", "third"]);
    expect(pids.filter(({ pid }) => identify(pid) !== undefined)).toEqual([]);
    expect(() => group.start({ name: "late", ...forever, onExit: "fatal" })).toThrow(
      "late is not started: everything is being stopped.",
    );
  });

  test("refuses a second process of the same name", () => {
    group.start({ name: "one", ...forever, onExit: "fatal" });
    expect(() => group.start({ name: "one", ...forever, onExit: "fatal" })).toThrow(
      "A process named one already runs.",
    );
  });
});

describe("the successor of a killed supervisor", () => {
  test("ends what is left, last started first, and then finds nothing", async () => {
    const pids = ["a", "b"].map((name) => group.start({ name, ...forever, onExit: () => {} }).pid ?? 0);
    expect(await reap(registry)).toEqual(["b", "a"]);
    expect(pids.map(identify)).toEqual([undefined, undefined]);
    expect(await reap(registry)).toEqual([]);
  });

  test("spares a stranger that has got the number of a former process", async () => {
    const stranger = spawn(process.execPath, forever.args, { stdio: "ignore" });
    const identity = identify(stranger.pid ?? 0);
    if (identity === undefined) throw new Error("the stranger does not run");
    writeFileSync(registry, JSON.stringify([{ name: "former", pid: identity.pid, born: "1@another boot" }]));
    expect(await reap(registry)).toEqual([]);
    expect(isAlive(identity)).toBe(true);
    await endProcess(identity, 1);
  });

  test("is told what to do about a registry that is none", async () => {
    writeFileSync(registry, JSON.stringify({ pid: 1 }));
    await expect(reap(registry)).rejects.toThrow(
      `${registry} is not a list of processes; remove it to go on.`,
    );
  });
});
