import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findHost } from "../../../config/ambient-host.ts";
import { ambientKubeconfig, parseKubeconfig } from "../../../kubernetes/connection/kubeconfig.ts";
import { proxyFromEnvironment } from "../../../kubernetes/connection/proxy.ts";
import { paths } from "../../../rehearsal/kit/paths.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";

let home = "";
const at = (name: string): string => join(home, name);
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "rules-"));
  vi.stubEnv("HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

/** A kubeconfig with contexts that lead to servers, as `context=server`, and perhaps a current one. */
const config = (contexts: readonly string[], current = ""): string =>
  JSON.stringify({
    clusters: contexts.map((entry) => ({
      name: entry.split("=")[0],
      cluster: { server: `https://${entry.split("=")[1] ?? ""}` },
    })),
    users: contexts.map((entry) => ({ name: entry.split("=")[0], user: { token: entry } })),
    contexts: contexts.map((entry) => ({
      name: entry.split("=")[0],
      context: { cluster: entry.split("=")[0], user: entry.split("=")[0] },
    })),
    "current-context": current,
  });

/** What kubectl makes of the ambient kubeconfig; undefined where it refuses. */
function kubectl(): object | undefined {
  const env = { ...process.env, PATH: [paths.bin, process.env["PATH"]].join(delimiter) };
  try {
    const options = { env, encoding: "utf8", stdio: "pipe" } as const;
    const seen = JSON.parse(
      execFileSync("kubectl", ["config", "view", "--raw", "-o", "json"], options),
    ) as Record<
      "clusters" | "contexts" | "users",
      { name: string; cluster: { server: string }; user: { token: string } }[] | null
    > & { "current-context": string };
    return {
      current: seen["current-context"],
      servers: Object.fromEntries((seen.clusters ?? []).map(({ name, cluster }) => [name, cluster.server])),
      tokens: Object.fromEntries((seen.users ?? []).map(({ name, user }) => [name, user.token])),
      contexts: (seen.contexts ?? []).map(({ name }) => name).toSorted(),
    };
  } catch {
    return undefined;
  }
}

/** The same of the lab. */
function ours(): object | undefined {
  try {
    const found = ambientKubeconfig();
    return {
      current: found?.currentContext ?? "",
      servers: Object.fromEntries([...(found?.clusters ?? [])].map(([name, { server }]) => [name, server])),
      tokens: Object.fromEntries([...(found?.users ?? [])].map(([name, { token }]) => [name, token])),
      contexts: [...(found?.contexts.keys() ?? [])].toSorted(),
    };
  } catch {
    return undefined;
  }
}

const a = config(["one=a", "both=a"], "one");
const b = config(["two=b", "both=b"], "two");

/** What files there are, $KUBECONFIG, and the current context that it comes to; undefined: it is refused. */
const cases: readonly (readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  variable: string | undefined,
  current: string | undefined,
])[] = [
  ["one file", { a }, "a", "one"],
  ["two files, of which the first says which context", { a, b }, "a:b", "one"],
  ["the same two the other way round", { a, b }, "b:a", "two"],
  ["a first file without a current context", { a: config(["one=a"]), b }, "a:b", "two"],
  ["a missing file before the other", { b }, "a:b", "two"],
  ["a missing file behind it", { a }, "a:b", "one"],
  ["only missing files", {}, "a:b", ""],
  ["an empty file", { a: "", b }, "a:b", "two"],
  ["a file of comments", { a: "# nothing yet\n", b }, "a:b", "two"],
  ["empty places in the list", { a, b }, ":a::b:", "one"],
  ["a list of nothing, although there is one at home", { ".kube/config": a }, ":", ""],
  ["a file twice", { a, b }, "a:a:b", "one"],
  ["the one at home", { ".kube/config": a }, undefined, "one"],
  ["none at all", {}, undefined, ""],
  ["a tilde, which no shell made a folder of", { a }, "~/a", ""],
  ["lists that are null", { a: "clusters: null\ncontexts: null\nusers: null\n", b }, "a:b", "two"],
  [
    "a key that stands twice",
    { a: "current-context: x\nkind: Config\ncurrent-context: y\n" },
    "a",
    undefined,
  ],
  ["a file that is no YAML", { a: "{", b }, "a:b", undefined],
  ["a file that is something else", { a: "kind: Pod\napiVersion: v1\n", b }, "a:b", undefined],
  ["a list", { a: "- 1\n" }, "a", undefined],
  ["a name twice in a file", { a: config(["one=a", "one=b"], "one") }, "a", undefined],
  ["a number for a text", { a: "current-context: 7\n" }, "a", undefined],
  ["a text for a list", { a: "clusters: none\n" }, "a", undefined],
  ["a number for a server", { a: "clusters: [{name: c, cluster: {server: 7}}]\n" }, "a", undefined],
  ["a folder", { "a/b": "" }, "a", undefined],
];

describe("the ambient kubeconfig", () => {
  it.each(cases)("%s", (_, files, variable, current) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(at(name), ".."), { recursive: true });
      writeFileSync(at(name), text);
    }
    const places = variable
      ?.split(":")
      .map((file) => (file === "" || file.startsWith("~") ? file : at(file)));
    vi.stubEnv("KUBECONFIG", places?.join(delimiter));
    const found = ours() as { current: string } | undefined;
    expect(found?.current).toBe(current);
    expect(found).toEqual(kubectl());
  });

  it("is what the program, its steps and the verbs go by", () => {
    writeFileSync(at("a"), a);
    writeFileSync(at("b"), b);
    vi.stubEnv("KUBECONFIG", `${at("a")}:${at("b")}`);
    expect(findHost(undefined, []).host).toEqual({ context: "one", cluster: "one", server: "https://a" });
    expect(kubeConfigOf({}).getCurrentCluster()?.server).toBe("https://a");
    expect(kubeConfigOf({ context: "both" }).getCurrentCluster()?.server).toBe("https://a");
    expect(kubeConfigOf({ context: "two" }).getCurrentCluster()?.server).toBe("https://b");
  });

  it.each([
    ["a file that is no YAML", "contexts:\n- {\n", /^\S+ is no kubeconfig: its line \d is no YAML \(\w+\)$/],
    [
      "a key in it",
      "users: [{name: u, user: {token: [secret]}}]",
      /^\S+ is no kubeconfig: users\[0\]\.user\.token: expected text$/,
    ],
    [
      "two of a name",
      config(["x=a", "x=b"]),
      /^\S+ is no kubeconfig: two of its clusters have the name "x"$/,
    ],
  ])("is refused without a word of its contents: %s", (_, text, said) => {
    writeFileSync(at("a"), text);
    vi.stubEnv("KUBECONFIG", at("a"));
    expect(() => kubeConfigOf({})).toThrow(said);
  });

  it.each([
    ["no files", {}, {}, /^there is no kubeconfig: \S+a does not exist$/],
    ["no current context", { a: config(["one=a"]) }, {}, /^\S+ has no current context; it has: one$/],
    ["no such context", { a }, { context: "nope" }, /^\S+ has no context "nope"; it has: one, both$/],
    [
      "a context without its cluster",
      { a: "contexts: [{name: x, context: {cluster: gone, user: u}}]" },
      { context: "x" },
      /^context "x" names cluster "gone", which \S+ does not have$/,
    ],
    [
      "a context of nothing",
      { a: "contexts: [{name: x}]" },
      { context: "x" },
      /^context "x" names no cluster$/,
    ],
  ])("says what is missing: %s", (_, files, access, said) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
    vi.stubEnv("KUBECONFIG", at("a"));
    expect(() => kubeConfigOf(access)).toThrow(said);
  });

  it("in a pod is its service account's, unless there is a current context", () => {
    const folder = at("serviceaccount");
    mkdirSync(folder);
    writeFileSync(join(folder, "token"), "t");
    writeFileSync(at("a"), a);
    const pod = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    const inPod = ambientKubeconfig({ ...pod, KUBECONFIG: at("missing") }, folder);
    expect(inPod?.inPod?.cluster.server).toBe("https://[fd00::1]:443");
    expect(inPod?.inPod?.user).toEqual({ tokenFile: join(folder, "token") });
    expect(ambientKubeconfig({ ...pod, KUBECONFIG: at("a") }, folder)?.currentContext).toBe("one");
    expect(ambientKubeconfig({ KUBECONFIG: at("missing") }, folder)).toBeUndefined();
  });
});

describe("a proxy of the environment", () => {
  const proxy = "http://proxy:3128";
  it.each([
    ["https://api.example.com:6443", {}, undefined],
    ["https://api.example.com:6443", { HTTPS_PROXY: proxy }, proxy],
    ["https://api.example.com", { https_proxy: proxy }, proxy],
    ["https://api.example.com", { HTTPS_PROXY: proxy, https_proxy: "http://other" }, proxy],
    ["https://api.example.com", { HTTP_PROXY: proxy }, undefined],
    ["http://api.example.com", { HTTP_PROXY: proxy }, proxy],
    ["https://api.example.com", { HTTPS_PROXY: "proxy:3128" }, proxy],
    ["https://api.example.com", { HTTPS_PROXY: proxy, NO_PROXY: "example.com" }, undefined],
    ["https://api.example.com", { HTTPS_PROXY: proxy, no_proxy: " .example.com , x" }, undefined],
    ["https://example.com", { HTTPS_PROXY: proxy, NO_PROXY: ".example.com" }, proxy],
    ["https://example.com", { HTTPS_PROXY: proxy, NO_PROXY: "*.example.com" }, proxy],
    ["https://api.example.com", { HTTPS_PROXY: proxy, NO_PROXY: "*.example.com" }, undefined],
    ["https://notexample.com", { HTTPS_PROXY: proxy, NO_PROXY: "example.com" }, proxy],
    ["https://api.example.com:6443", { HTTPS_PROXY: proxy, NO_PROXY: "api.example.com:6443" }, undefined],
    ["https://api.example.com:6443", { HTTPS_PROXY: proxy, NO_PROXY: "api.example.com:443" }, proxy],
    ["https://api.example.com", { HTTPS_PROXY: proxy, NO_PROXY: "*" }, undefined],
    ["https://10.1.2.3:6443", { HTTPS_PROXY: proxy, NO_PROXY: "10.0.0.0/8" }, undefined],
    ["https://11.1.2.3:6443", { HTTPS_PROXY: proxy, NO_PROXY: "10.0.0.0/8" }, proxy],
    ["https://10.1.2.3:6443", { HTTPS_PROXY: proxy, NO_PROXY: "10.1.2.3" }, undefined],
    ["https://[fd00::1]:6443", { HTTPS_PROXY: proxy, NO_PROXY: "fd00::/8" }, undefined],
    ["https://[fd00::1]:6443", { HTTPS_PROXY: proxy, NO_PROXY: "[fd00::1]:6443" }, undefined],
    ["https://[fd00::1]:6443", { HTTPS_PROXY: proxy, NO_PROXY: "fd00::1" }, undefined],
    ["https://[fd00::1]:6443", { HTTPS_PROXY: proxy, NO_PROXY: "10.0.0.0/8" }, proxy],
    ["https://localhost:6443", { HTTPS_PROXY: proxy }, undefined],
    ["https://127.0.0.2:6443", { HTTPS_PROXY: proxy }, undefined],
    ["https://[::1]:6443", { HTTPS_PROXY: proxy }, undefined],
  ])("for %s with %j", (server, environment, expected) => {
    expect(proxyFromEnvironment(new URL(server), environment)).toBe(expected);
  });
});

it("keeps the folder of each file for its paths", () => {
  const text = "users: [{name: u, user: {tokenFile: t}}]";
  expect(parseKubeconfig(text, { source: "x", folder: "/there" }).users.get("u")).toEqual({
    tokenFile: "t",
    folder: "/there",
  });
});
