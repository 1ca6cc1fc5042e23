import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { merged, withdrawn } from "../../../cli/kubeconfig/entries.ts";
import { changeFile, fileToWrite, kubeconfigFiles } from "../../../cli/kubeconfig/file.ts";
import { whileLocked } from "../../../cli/kubeconfig/lock-file.ts";
import type { Kubeconfig } from "../../../values/kubeconfig.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A lab with these clusters, as the stack gives it; another build of it has other certificates. */
const lab = (names: readonly string[], build = "1", address = "127.0.0.1"): Kubeconfig => ({
  apiVersion: "v1",
  kind: "Config",
  clusters: names.map((name) => ({
    name,
    cluster: { server: `https://${address}/${name}`, "certificate-authority-data": `ca-${name}-${build}` },
  })),
  users: names.map((name) => ({ name, user: { "client-certificate-data": `cert-${name}-${build}` } })),
  contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
  ...(names[0] === undefined ? {} : { "current-context": names[0] }),
});

const dev = { stack: "dev", lab: lab(["mgmt", "east"]) };

/** As kubectl writes it, with what the lab knows nothing of. */
const foreign = `# mine
apiVersion: v1
clusters:
- cluster:
    extensions:
    - extension:
        provider: minikube.sigs.k8s.io
      name: cluster_info
    server: https://192.0.2.1:6443
  name: work
contexts:
- context:
    cluster: work
    namespace: shop # the usual one
    user: me
  name: work
current-context: work
kind: Config
preferences:
  colors: true
someday: { unknown: "0123" }
users:
- name: me
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: login
      args: [ "--region", 'eu' ]
`;

const contextsOf = (text: string | undefined) =>
  (parse(text ?? "") as Kubeconfig).contexts.map(({ name }) => name);

describe("a lab's entries in a kubeconfig", () => {
  it("come beside what is there, which stays to the letter, and go without a trace", () => {
    const { text, current, removed } = merged("config", foreign, dev);
    expect(contextsOf(text)).toEqual(["work", "mgmt", "east"]);
    expect(current).toBe("work");
    expect(removed).toEqual([]);
    const lines = text?.split("\n") ?? [];
    for (const line of foreign.split("\n")) expect(lines).toContain(line);
    expect(withdrawn("config", text ?? "", { ...dev, lab: undefined })).toEqual({
      text: foreign,
      removed: ["mgmt", "east"],
      current: "work",
    });
  });

  it("work as the stack gave them, with a note of whose they are", () => {
    const config = parse(merged("config", undefined, dev).text ?? "") as Kubeconfig;
    expect(config["current-context"]).toBe("mgmt");
    expect(config.clusters[1]).toEqual({
      name: "east",
      cluster: {
        server: "https://127.0.0.1/east",
        "certificate-authority-data": "ca-east-1",
        extensions: [{ name: "mesh-lab", extension: { stack: "dev" } }],
      },
    });
  });

  it("are not written a second time", () => {
    const { text } = merged("config", foreign, dev);
    expect(merged("config", text, dev).text).toBeUndefined();
    expect(merged("config", text, dev, { use: "work" }).text).toBeUndefined();
  });

  it("of an earlier build are replaced, and those of clusters that are gone are taken out", () => {
    const before = merged("config", foreign, dev, { use: "east" }).text;
    const { text, removed, current } = merged("config", before, {
      stack: "dev",
      lab: lab(["mgmt", "west"], "2", "192.0.2.7"),
    });
    expect(contextsOf(text)).toEqual(["work", "mgmt", "west"]);
    expect(removed).toEqual(["east"]);
    expect(current).toBe("mgmt");
    expect(text).toContain("ca-mgmt-2");
    expect(text).not.toMatch(/ca-mgmt-1|cert-mgmt-1|ca-east/);
  });

  it("leave the current context to another file that gives it, as $KUBECONFIG lists several", () => {
    const without = foreign.replace("current-context: work\n", "");
    const elsewhere = "home";
    const { text, current } = merged("config", without, dev, { elsewhere });
    expect(current).toBe("home");
    expect(parse(text ?? "")).not.toHaveProperty("current-context");
    expect(merged("config", foreign, dev, { elsewhere }).current).toBe("work");

    const used = merged("config", without, dev, { elsewhere, use: "east" });
    expect(used.current).toBe("east");
    expect(parse(used.text ?? "")).toHaveProperty("current-context", "east");
    // A context that the lab no longer has gives way to it, too.
    const smaller = merged("config", used.text, { stack: "dev", lab: lab(["mgmt"]) }, { elsewhere });
    expect(smaller.current).toBe("home");
    expect(parse(smaller.text ?? "")).not.toHaveProperty("current-context");
  });

  it("become the current context where somebody wants it, or there is none", () => {
    expect(merged("config", foreign, dev, { use: "east" }).current).toBe("east");
    expect(
      merged("config", foreign.replace("current-context: work", 'current-context: ""'), dev).current,
    ).toBe("mgmt");
    const { text } = merged("config", foreign.replace("current-context: work\n", ""), dev);
    const after = withdrawn("config", text ?? "", dev);
    expect(after.current).toBeUndefined();
    expect(parse(after.text ?? "")).not.toHaveProperty("current-context");
  });

  it.each<[what: string, theirs: Kubeconfig, refused: RegExp | undefined]>([
    ["the same certificate", lab(["east"], "1", "192.0.2.7"), /user east/],
    ["the same server", lab(["east"], "2"), /has user east from elsewhere/],
    [
      "neither",
      lab(["east"], "2", "192.0.2.7"),
      /has cluster east, user east, context east from elsewhere: they have no note of stack dev/,
    ],
    ["all the same", lab(["east"]), undefined],
  ])("of the same name that no note is on, with %s", (what, theirs, refused) => {
    const text = stringify(theirs);
    if (refused === undefined || what === "the same certificate") {
      expect(contextsOf(merged("config", text, dev).text)).toEqual(["east", "mgmt"]);
      return;
    }
    expect(() => merged("config", text, dev)).toThrow(refused);
    expect(contextsOf(merged("config", text, dev, { force: true }).text)).toEqual(["east", "mgmt"]);
  });

  it("of another stack are somebody else's", () => {
    const { text } = merged("config", undefined, { stack: "eks", lab: lab(["mgmt"], "2", "192.0.2.7") });
    expect(() => merged("config", text, dev)).toThrow(
      "config has cluster mgmt, user mgmt, context mgmt from elsewhere",
    );
    expect(withdrawn("config", text ?? "", dev)).toMatchObject({ text: undefined, removed: [] });
  });

  it.each([
    ["a: b: c\n", "config is no kubeconfig: its line 1 is no YAML (BLOCK_AS_IMPLICIT_KEY)."],
    [
      "users:\n- name: me\n  user: {client-key-data: c2VjcmV0\n",
      "config is no kubeconfig: its line 4 is no YAML (BAD_INDENT).",
    ],
    ["- a\n", "config is no kubeconfig: it is no mapping."],
    ["users: me\n", "config is no kubeconfig: its users are no list of entries."],
    ["users: [me]\n", "config is no kubeconfig: its users are no list of entries."],
  ])("are not put into %j", (text, message) => {
    let said = "";
    try {
      merged("config", text, dev);
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain(message);
    expect(said).not.toContain("c2VjcmV0");
  });

  it("leave every other kubeconfig as it was, after they came and went", () => {
    const name = fc.stringMatching(/^[a-z]{1,6}$/).map((text) => `x-${text}`);
    const field = fc.dictionary(fc.constantFrom("server", "token", "note"), fc.string());
    const entries = (content: string) =>
      fc
        .uniqueArray(fc.tuple(name, field), { selector: ([key]) => key })
        .map((list) => list.map(([key, value]) => ({ name: key, [content]: value })));
    const config = fc.record({
      apiVersion: fc.constant("v1"),
      clusters: entries("cluster"),
      contexts: entries("context"),
      users: entries("user"),
      "current-context": name,
      preferences: fc.dictionary(fc.string(), fc.jsonValue()),
    });
    fc.assert(
      fc.property(config, (before) => {
        const { text } = merged("config", stringify(before), dev);
        const after = withdrawn("config", text ?? "", { ...dev, lab: undefined });
        expect(parse(after.text ?? "")).toEqual(parse(stringify(before)));
      }),
    );
  });
});

describe("the kubeconfig that is meant", () => {
  it("is the one that is given, else those of $KUBECONFIG, else that in the home", () => {
    expect(kubeconfigFiles("/a", { KUBECONFIG: "/b" })).toEqual(["/a"]);
    expect(kubeconfigFiles(undefined, { KUBECONFIG: "/b::/c" })).toEqual(["/b", "/c"]);
    expect(kubeconfigFiles(undefined, { KUBECONFIG: "" })[0]).toMatch(/\/\.kube\/config$/);
  });

  it("is written where kubectl would: the first that there is, else the last", () => {
    writeFileSync(at("b"), "");
    expect(fileToWrite([at("a"), at("b"), at("c")])).toBe(at("b"));
    expect(fileToWrite([at("a"), at("c")])).toBe(at("c"));
  });
});

describe("a file that is changed", () => {
  it("is for its owner alone, and so is a folder that is made for it", async () => {
    await changeFile(at("new/config"), () => "text");
    expect(readFileSync(at("new/config"), "utf8")).toBe("text");
    expect(statSync(at("new/config")).mode & 0o777).toBe(0o600);
    expect(statSync(at("new")).mode & 0o777).toBe(0o700);
    writeFileSync(at("open"), "", { mode: 0o644 });
    await changeFile(at("open"), () => "text");
    expect(statSync(at("open")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["new", "open"]);
  });

  it("is what a link leads to, and the link stays", async () => {
    mkdirSync(at("dotfiles"));
    writeFileSync(at("dotfiles/kube"), "old");
    symlinkSync(at("dotfiles/kube"), at("config"));
    await changeFile(at("config"), (text) => `${text ?? ""} and new`);
    expect(lstatSync(at("config")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("dotfiles/kube"), "utf8")).toBe("old and new");
    rmSync(at("dotfiles/kube"));
    await expect(changeFile(at("config"), () => "text")).rejects.toThrow(
      "is a link to a file that does not exist",
    );
  });

  it("is not touched where there is nothing to change", async () => {
    writeFileSync(at("config"), "old", { mode: 0o644 });
    const { ino } = statSync(at("config"));
    await changeFile(at("config"), () => undefined);
    expect(statSync(at("config"))).toMatchObject({ ino, mode: 0o100644 });
  });

  it("stays whole where it is read-only", async () => {
    writeFileSync(at("config"), "old", { mode: 0o400 });
    await expect(changeFile(at("config"), () => "new")).rejects.toThrow(
      `${at("config")} is read-only: chmod u+w it, or choose another file with --kubeconfig FILE.`,
    );
    expect(readFileSync(at("config"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["config"]);
  });

  it("stays whole where its folder is not to be written to", async () => {
    mkdirSync(at("locked"));
    writeFileSync(at("locked/config"), "old", { mode: 0o666 });
    chmodSync(folder, 0o755);
    chmodSync(at("locked"), 0o555);
    const { geteuid, seteuid } = process;
    // For root nothing is read-only.
    const user = geteuid?.() ?? 0;
    if (user === 0) seteuid?.(65534);
    try {
      await expect(changeFile(at("locked/config"), () => "new")).rejects.toThrow(
        `${at("locked/config")} cannot be changed: ${at("locked/config.lock")}: permission denied. The file and its folder`,
      );
    } finally {
      if (user === 0) seteuid?.(user);
      chmodSync(at("locked"), 0o755);
    }
    expect(readFileSync(at("locked/config"), "utf8")).toBe("old");
  });

  it.each([
    ["a folder", () => at(""), "it is a folder"],
    [
      "in a folder that is a file",
      () => (writeFileSync(at("file"), ""), at("file/config")),
      "its folder is no folder",
    ],
  ])("is none where it is %s", async (_, file, why) => {
    await expect(changeFile(file(), () => "new")).rejects.toThrow(why);
  });
});

describe("a lock", () => {
  it("is there while the work is done, whatever becomes of it", async () => {
    expect(await whileLocked([at("a"), at("b")], () => readdirSync(folder).sort())).toEqual([
      "a.lock",
      "b.lock",
    ]);
    await expect(
      whileLocked([at("a")], () => {
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of somebody else is waited for", async () => {
    writeFileSync(at("a.lock"), "");
    setTimeout(() => {
      rmSync(at("a.lock"));
    }, 300);
    expect(await whileLocked([at("b"), at("a")], () => "done")).toBe("done");
  });

  it("of one holder after another is waited for, each its own time", async () => {
    const release = Array.from({ length: 8 }, (_, turn) =>
      setTimeout(() => {
        rmSync(at("a.lock"), { force: true });
        if (turn < 7) writeFileSync(at("a.lock"), String(turn));
      }, turn * 100),
    );
    writeFileSync(at("a.lock"), "");
    expect(await whileLocked([at("a")], () => "done", 0.5)).toBe("done");
    for (const timer of release) clearTimeout(timer);
  });

  it.each([
    [
      "",
      "made by another program, such as kubectl or kind, which hold theirs for milliseconds. This removes it unless one of them runs: pgrep -x 'kubectl|kind' || rm 'FILE'",
    ],
    [String(process.pid), `made by process ${process.pid}, which still runs: wait for it, or end it`],
    ["7 elsewhere", "made by process 7 on elsewhere: wait for it, or end it there"],
    ["4194305", "made by process 4194305, which is gone: rm 'FILE'"],
  ])("that stays is told, with who made it: %j", async (text, advice) => {
    writeFileSync(at("a.lock"), text);
    await expect(whileLocked([at("b"), at("a")], () => "done", 0.1)).rejects.toThrow(
      `${at("a.lock")} is there for more than 0.1 s, ${advice.replace("FILE", at("a.lock"))}`,
    );
    expect(readdirSync(folder)).toEqual(["a.lock"]);
  });
});

describe("the current context of before", () => {
  const used = (before: string, use: string): string => merged("config", before, dev, { use }).text ?? before;

  it("is the current one again when the lab's is taken out", () => {
    expect(withdrawn("config", used(foreign, "east"), dev).current).toBe("work");
    expect(withdrawn("config", used(foreign, "east"), { ...dev, lab: undefined }).current).toBe("work");
    expect(parse(withdrawn("config", used(foreign, "east"), dev).text ?? "")).toEqual(parse(foreign));
  });

  it("is that before the first of several changes", () => {
    expect(withdrawn("config", used(used(foreign, "east"), "mgmt"), dev).current).toBe("work");
    const again = merged("config", used(foreign, "east"), dev).text ?? used(foreign, "east");
    expect(withdrawn("config", again, dev).current).toBe("work");
  });

  it("is none where it is gone, and stays out where the user chose another one", () => {
    const renamed = used(foreign, "east").replaceAll("name: work", "name: other");
    expect(withdrawn("config", renamed, dev).current).toBeUndefined();
    const chosen = used(foreign, "east").replace("current-context: east", "current-context: work");
    expect(withdrawn("config", chosen, dev).current).toBe("work");
  });
});

describe("several writers at once", () => {
  const root = join(import.meta.dirname, "..", "..", "..");
  /** A process that puts labs of one cluster each into a file, one after the other. */
  function writer(file: string, names: readonly string[]): ChildProcess {
    const script = `
      const { changeFile } = await import("${root}/cli/kubeconfig/file.ts");
      const { merged } = await import("${root}/cli/kubeconfig/entries.ts");
      const [file, ...labs] = JSON.parse(process.argv[1]);
      for (const lab of labs)
        await changeFile(file, (text) => merged(file, text, { stack: lab.contexts[0].name, lab }).text);`;
    const labs = names.map((name) => lab([name]));
    return spawn(
      process.execPath,
      ["--input-type=module", "--eval", script, JSON.stringify([file, ...labs])],
      {
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
  }
  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => {
      child.on("close", (code) => {
        resolve(code);
      });
    });

  it("lose nothing of each other, nor of what was there", async () => {
    writeFileSync(at("real"), foreign);
    symlinkSync(at("real"), at("config"));
    const names = Array.from({ length: 6 }, (_, process) =>
      Array.from({ length: 5 }, (__, n) => `w${process}-${n}`),
    );
    // Some know the file by its link.
    const writers = names.map((own, index) => writer(at(index % 2 === 0 ? "config" : "real"), own));
    expect(await Promise.all(writers.map(ended))).toEqual(names.map(() => 0));
    expect(contextsOf(readFileSync(at("real"), "utf8")).sort()).toEqual(["work", ...names.flat()].sort());
    expect(readdirSync(folder).sort()).toEqual(["config", "real"]);
  });

  it("that are killed leave a whole file behind", async () => {
    writeFileSync(at("config"), foreign);
    const names = Array.from({ length: 400 }, (_, n) => `n${n}`);
    for (const milliseconds of [0, 40, 90]) {
      const child = writer(at("config"), names);
      const before = readFileSync(at("config"), "utf8");
      while (readFileSync(at("config"), "utf8") === before && child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      child.kill("SIGKILL");
      expect(await ended(child)).toBeNull();
      expect(contextsOf(readFileSync(at("config"), "utf8"))[0]).toBe("work");
      // A writer that is killed leaves its lock: the next one says so, and what to do.
      if (existsSync(at("config.lock"))) rmSync(at("config.lock"));
    }
  });
});
