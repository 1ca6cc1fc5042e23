import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasScreen } from "../../../cli/ui/browser.ts";
import { openPki } from "../../../rehearsal/host/base/pki.ts";
import { until } from "../../../rehearsal/kit/until.ts";
import { stopApiServers } from "../support/api-server.ts";
import { hostOf, labOn, type Running } from "../support/lab-process.ts";
import { type PortForwardServer, portForwardServer } from "../support/port-forward-server.ts";

const folder = mkdtempSync(join(tmpdir(), "ui-"));
const page = createServer((_, response) => response.end("Gloo Mesh"));
let server: PortForwardServer;
let start: ReturnType<typeof labOn>;
beforeAll(async () => {
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  const labels = { app: "gloo-mesh-ui" };
  const metadata = { name: "gloo-mesh-ui", namespace: "gloo-mesh" };
  server = await portForwardServer(await openPki(folder).authority("devmgmt"), {
    metadata,
    spec: { selector: labels, ports: [{ port: 8090, targetPort: 8090 }] },
  });
  server.pods.set("ui-1", {
    object: {
      metadata: { ...metadata, name: "ui-1", labels },
      spec: { nodeName: "node-1", containers: [{ name: "ui", ports: [{ containerPort: 8090 }] }] },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    },
    backend: (page.address() as AddressInfo).port,
  });
  start = labOn(folder, {
    config: { workloads: [{ name: "east" }] },
    clusters: { devmgmt: server.kubeconfig },
    productPages: {},
    host: await hostOf(["devmgmt", "east"]),
  });
});
afterAll(async () => {
  await server.stop();
  stopApiServers();
  page.closeAllConnections();
  page.close();
  rmSync(folder, { recursive: true });
});

const printed = async (run: Running): Promise<{ url: string; pod: string }> => {
  await until(
    async () => run.stdout().includes("}"),
    60,
    () => `it said nothing: ${run.stderr()}`,
  );
  return JSON.parse(run.stdout()) as { url: string; pod: string };
};

describe("ui", () => {
  it("says where it is, serves, and ends with Ctrl-C", async () => {
    const run = start(["ui", "--port", "0", "--no-open", "--json"], { DISPLAY: ":0", BROWSER: "/bin/false" });
    const { url, pod } = await printed(run);
    expect(pod).toBe("ui-1");
    expect(await (await fetch(url)).text()).toBe("Gloo Mesh");
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(0);
    expect(run.stderr()).toBe("");
    const { port } = new URL(url);
    const refusal = await new Promise((resolve) => {
      connect({ host: "127.0.0.1", port: Number(port) }).on("error", resolve);
    });
    expect(refusal).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("opens the page in the user's browser", async () => {
    const visited = join(folder, "visited");
    const browser = join(folder, "browser");
    writeFileSync(browser, `#!/bin/sh\necho "$1" > '${visited}'\n`);
    chmodSync(browser, 0o755);
    const run = start(["ui", "--port", "0", "--json"], { DISPLAY: ":0", BROWSER: browser });
    const { url } = await printed(run);
    await until(
      async () => existsSync(visited),
      30,
      () => `no browser opened: ${run.stderr()}`,
    );
    expect(readFileSync(visited, "utf8")).toBe(`${url}\n`);
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
  });

  it("says that the port is taken", async () => {
    const taken = (page.address() as AddressInfo).port;
    const run = start(["ui", "--port", String(taken)]);
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain(`Port ${taken} of this machine is taken`);
    expect(run.stdout()).toBe("");
  });

  it.each(["http", "65536"])("takes no port %s", async (port) => {
    const run = start(["ui", `--port=${port}`]);
    expect(await run.ended).toBe(2);
    expect(run.stderr()).toContain("Expected a port, 0 to 65535.");
  });
});

describe("a screen", () => {
  it.each<[NodeJS.Platform, NodeJS.ProcessEnv, boolean]>([
    ["linux", {}, false],
    ["linux", { DISPLAY: "" }, false],
    ["linux", { DISPLAY: ":0" }, true],
    ["linux", { WAYLAND_DISPLAY: "wayland-0" }, true],
    ["linux", { WSL_DISTRO_NAME: "Ubuntu" }, true],
    ["darwin", {}, true],
    ["darwin", { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" }, false],
    ["win32", {}, true],
  ])("on %s with %j: %s", (platform, environment, expected) => {
    expect(hasScreen(platform, environment)).toBe(expected);
  });
});
