import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { forward, forwardSocket, toPort } from "../../host/network/forward.ts";
import { writeContext } from "../../host/base/kube-config-file.ts";
import { endProcess, identify } from "../../kit/process-identity.ts";
import { root } from "../../kit/paths.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "host-run-"));
  vi.stubEnv("REHEARSAL_DIR", directory);
  vi.resetModules();
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

describe("the state directory", () => {
  test("is wherever REHEARSAL_DIR says, but the tools stay in the project", async () => {
    const { paths, root } = await import("../../kit/paths.ts");
    expect(paths.run).toBe(join(directory, "run"));
    expect(paths.bin).toBe(join(root, ".rehearsal", "bin"));
  });

  test.each([
    ["here", 'REHEARSAL_DIR is "here": it must be an absolute path.'],
    ["/tmp/a:b", 'The folder "/tmp/a:b" has a colon or a line break in its name'],
  ])("is refused where no rehearsal can work: %s", async (place, message) => {
    vi.stubEnv("REHEARSAL_DIR", place);
    const { checkPlaces } = await import("../../kit/paths.ts");
    expect(checkPlaces).toThrow(message);
  });
});

describe("supervision", () => {
  test("belongs to one living process", async () => {
    const { claimSupervision, endSupervision, readNote } =
      await import("../../host/supervisor/supervisor-files.ts");
    const files = join(root, "rehearsal", "host", "supervisor", "supervisor-files.ts");
    const identities = join(root, "rehearsal", "kit", "process-identity.ts");
    const program = `
      import { claimSupervision } from "${files}";
      import { identify } from "${identities}";
      claimSupervision(identify(process.pid));
      console.log("claimed");
      setInterval(() => undefined, 1000);`;
    const child = spawn("node", ["--input-type=module-typescript", "--eval", program], {
      env: { ...process.env, REHEARSAL_DIR: directory },
    });
    await once(child.stdout, "data");
    const holder = identify(child.pid ?? 0);
    const self = identify(process.pid);
    if (holder === undefined || self === undefined) throw new Error("no processes to claim with");
    expect(claimSupervision(self)).toEqual(holder);
    await endProcess(holder, 0);
    expect(claimSupervision(self)).toBeUndefined();
    expect(readNote("supervisor")).toEqual(self);
    endSupervision();
    expect(readNote("supervisor")).toBeUndefined();
  });

  test("of a dead process is no host, whatever its notes say", async () => {
    const { hostStatus, stopHost } = await import("../../host/supervisor/client.ts");
    const { writeNote, readNote } = await import("../../host/supervisor/supervisor-files.ts");
    writeNote("supervisor", { pid: process.pid, born: "before" });
    writeNote("ready", { pid: process.pid, elapsed: { host: 4 } });
    expect(await hostStatus()).toEqual({ pid: undefined, ready: false, elapsed: {} });
    await stopHost();
    expect(readNote("ready")).toBeUndefined();
  });

  test("of a living process is a host once it says so", async () => {
    const { hostStatus } = await import("../../host/supervisor/client.ts");
    const { claimSupervision, writeNote } = await import("../../host/supervisor/supervisor-files.ts");
    const self = identify(process.pid);
    if (self === undefined) throw new Error("this process does not see itself");
    claimSupervision(self);
    expect(await hostStatus()).toMatchObject({ pid: process.pid, ready: false });
    writeNote("ready", { pid: process.pid, elapsed: { host: 4 } });
    expect(await hostStatus()).toEqual({ pid: process.pid, ready: true, elapsed: { host: 4 } });
  });
});

describe("the kubeconfig file", () => {
  const access = { name: "host", url: "https://127.0.0.1:1", ca: "CA", cert: "CERT", key: "KEY" };

  test("gets the context beside those that are there", () => {
    const file = join(directory, "kubeconfig");
    const other = { name: "devmgmt", cluster: { server: "https://127.2.0.2:443" } };
    const old = { name: "rehearsed", cluster: { server: "https://127.0.0.1:9" } };
    const before = { clusters: [other, old], contexts: [{ name: "devmgmt" }], "current-context": "devmgmt" };
    writeFileSync(file, stringify(before));
    writeContext(file, access, "rehearsed");
    expect(parse(readFileSync(file, "utf8"))).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "rehearsed",
          cluster: { server: "https://127.0.0.1:1", "certificate-authority-data": "Q0E=" },
        },
        other,
      ],
      users: [{ name: "host", user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" } }],
      contexts: [{ name: "host", context: { cluster: "rehearsed", user: "host" } }, { name: "devmgmt" }],
      "current-context": "devmgmt",
    });
  });

  test("is its owner's only", () => {
    const file = join(directory, "kubeconfig");
    writeContext(file, access, "rehearsed");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(parse(readFileSync(file, "utf8"))).toMatchObject({ "current-context": "host" });
  });
});

describe("forwarding", () => {
  test("carries both ways through a socket file, and cuts everything when stopped", async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    const path = join(directory, "echo.sock");
    writeFileSync(path, "left by a killed process");
    const stop = await forwardSocket(path, (echo.address() as AddressInfo).port);
    const client = connect(path);
    const answer = new Promise((resolve) =>
      client.once("data", (data) => {
        resolve(String(data));
      }),
    );
    client.write("hello");
    expect(await answer).toBe("hello");
    const cut = new Promise((resolve) => client.once("close", resolve));
    await stop();
    await cut;
    await expect(
      new Promise((resolve, reject) => connect(path).once("connect", resolve).once("error", reject)),
    ).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    await new Promise((resolve) => echo.close(resolve));
  });

  test("to nobody ends the connection", async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const path = join(directory, "nobody.sock");
    const stop = await forward({ path }, toPort(port));
    await new Promise((resolve) => connect(path).once("close", resolve));
    await stop();
  });

  test("says what to do about a path that no socket can have", async () => {
    const long = join(directory, "x".repeat(100));
    mkdirSync(long);
    await expect(forwardSocket(join(long, "a.sock"), 1)).rejects.toThrow(
      "is too long for a socket (107 bytes at most): set REHEARSAL_DIR to a shorter path.",
    );
  });
});
