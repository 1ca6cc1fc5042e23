import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { poll } from "../../steps/poll.ts";

describe("poll", () => {
  const wait = { what: "the moon", hint: "Look up.", timeoutSeconds: 0.01 };

  it("gives the value once it is there", async () => {
    const looks = [{ state: "new" }, { value: "full" }];
    let at = 0;
    expect(
      await poll({ ...wait, timeoutSeconds: 5, look: async () => looks[at++] ?? { state: "gone" } }),
    ).toBe("full");
  });

  it("fails with what was awaited, its last state and what to do", async () => {
    const never = poll({ ...wait, look: async () => ({ state: "it is new" }) });
    await expect(never).rejects.toThrow(/^waited \d+ s for the moon: it is new\. Look up\.$/);
  });

  it("takes an error for a state", async () => {
    const refused = async () => Promise.reject(new Error("request failed", { cause: new Error("refused") }));
    await expect(poll({ ...wait, look: refused })).rejects.toThrow("the moon: request failed (refused).");
  });
});

/** Starts an API server that answers from a table, `METHOD path` to object, and gives a kubeconfig for it. */
async function apiServer(answers: Readonly<Record<string, object>>): Promise<string> {
  const server = createServer((request, response) => {
    const key = `${request.method ?? ""} ${request.url ?? ""}`;
    requests.push(key);
    const answer = answers[key];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { kind: "Status", code: 404 }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
    ],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}

const servers: Server[] = [];
const requests: string[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  requests.splice(0);
});

/** Runs a step as the program does. */
function step(script: string, spec: object, environment: Record<string, string>) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      "node",
      [`steps/${script}.ts`, JSON.stringify(spec)],
      { env: { ...process.env, ...environment } },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, stdout, stderr: stderr.trim() });
      },
    );
  });
}

describe("await", () => {
  const relay = { kind: "Secret", namespace: "gloo-mesh", name: "relay", field: ["data", "ca.crt"] };
  const spec = { cluster: "mgmt", timeoutSeconds: 1, values: { rootCa: relay } };
  const path = "GET /api/v1/namespaces/gloo-mesh/secrets/relay";

  it("prints the fields that it found", async () => {
    const kubeconfig = await apiServer({ [path]: { kind: "Secret", data: { "ca.crt": "Q0E=" } } });
    const { code, stdout } = await step("await", spec, { MESHLAB_KUBECONFIG: kubeconfig });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"rootCa":"Q0E="}' });
  });

  it("says what is missing, and nothing else of the object", async () => {
    const kubeconfig = await apiServer({ [path]: { kind: "Secret", data: { "tls.key": "S0VZ" } } });
    const { code, stdout, stderr } = await step("await", spec, { MESHLAB_KUBECONFIG: kubeconfig });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^waited \d+ s for Secret relay in namespace gloo-mesh of mgmt: it has no data\.ca\.crt\. Look at the events and logs of what writes it\.$/,
    );
  });
});

describe("relay token", () => {
  const secrets = "/api/v1/namespaces/gloo-mesh/secrets";
  const token = `${secrets}/relay-identity-token-secret`;
  const certificate = `${secrets}/relay-client-tls-secret`;
  const run = async (verb: string, answers: Record<string, object>) =>
    step(
      "relay-token",
      { verb, cluster: "east", timeoutSeconds: 1 },
      { MESHLAB_KUBECONFIG: await apiServer(answers), MESHLAB_RELAY_TOKEN: "t0ken" },
    );

  it("is given to an agent that has no certificate", async () => {
    const { code, stdout, stderr } = await run("give", { [`POST ${secrets}`]: { kind: "Secret" } });
    expect(code).toBe(0);
    expect(requests).toEqual([`GET ${certificate}`, `DELETE ${token}`, `POST ${secrets}`]);
    expect(stdout + stderr).not.toContain("t0ken");
  });

  it("is not given again to an agent that has one", async () => {
    const { code } = await run("give", { [`GET ${certificate}`]: { kind: "Secret" } });
    expect(code).toBe(0);
    expect(requests).toEqual([`GET ${certificate}`]);
  });

  it("is withdrawn once the agent has its certificate", async () => {
    const { code } = await run("withdraw", {
      [`GET ${certificate}`]: { kind: "Secret", data: { "tls.crt": "Q0VSVA==" } },
      [`DELETE ${token}`]: { kind: "Status" },
    });
    expect(code).toBe(0);
    expect(requests).toEqual([`GET ${certificate}`, `DELETE ${token}`]);
  });

  it("stays while the agent has none", async () => {
    const { code, stderr } = await run("withdraw", {});
    expect(code).toBe(1);
    expect(requests).not.toContain(`DELETE ${token}`);
    expect(stderr).toContain(
      "the certificate of the Gloo Mesh agent on east (Secret relay-client-tls-secret)",
    );
  });
});
