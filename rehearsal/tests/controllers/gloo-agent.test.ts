import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { describe, expect, onTestFinished, test } from "vitest";
import { agentArguments } from "../../controllers/gloo-mesh/agent-arguments.ts";
import {
  type AgentSituation,
  obstacleOf,
  type RelaySituation,
} from "../../controllers/gloo-mesh/agent-decision.ts";
import { signClientCertificate } from "../../controllers/gloo-mesh/client-certificate.ts";
import { openPki } from "../../host/base/pki.ts";

describe("what keeps an agent from running", () => {
  const relay: RelaySituation = {
    ready: true,
    root: "root\n",
    token: "token",
    canSign: true,
    knowsCluster: true,
  };
  const fine: AgentSituation = {
    cluster: "devcluster1",
    relayAddress: "127.88.0.4:9900",
    root: "root",
    token: "token",
    hasCertificate: false,
    relay,
  };
  const joined: AgentSituation = { ...fine, hasCertificate: true, token: undefined };

  test.each<[string, AgentSituation]>([
    ["first time, all there", fine],
    ["joined before, token gone", joined],
    ["joined before, signing key gone", { ...joined, relay: { ...relay, canSign: false, token: undefined } }],
  ])("nothing: %s", (_, situation) => {
    expect(obstacleOf(situation)).toBeUndefined();
  });

  test.each<[string, AgentSituation, string]>([
    ["no cluster name", { ...fine, cluster: undefined }, "--cluster is not set"],
    ["no address", { ...fine, relayAddress: undefined }, "--relay-address is not set"],
    ["no root", { ...fine, root: undefined }, "Secret relay-root-tls-secret not found"],
    ["no token", { ...fine, token: undefined }, "Secret relay-identity-token-secret not found"],
    ["nobody at the address", { ...fine, relay: undefined }, "dial tcp 127.88.0.4:9900: i/o timeout"],
    [
      "server not ready",
      { ...fine, relay: { ...relay, ready: false } },
      "127.88.0.4:9900: connect: connection refused",
    ],
    ["another root", { ...fine, root: "forged" }, "x509: certificate signed by unknown authority"],
    [
      "another root, joined before",
      { ...joined, root: "old" },
      "x509: certificate signed by unknown authority",
    ],
    ["another token", { ...fine, token: "guess" }, "Unauthenticated"],
    [
      "no signing key",
      { ...fine, relay: { ...relay, canSign: false } },
      "Secret relay-tls-signing-secret not found",
    ],
    [
      "not registered",
      { ...fine, relay: { ...relay, knowsCluster: false } },
      "KubernetesCluster devcluster1 not found on the management cluster",
    ],
    [
      "not registered any more",
      { ...joined, relay: { ...relay, knowsCluster: false } },
      "KubernetesCluster devcluster1 not found on the management cluster",
    ],
  ])("%s", (_, situation, reason) => {
    expect(obstacleOf(situation)).toContain(reason);
  });

  test("its own missing Secrets come before the network", () => {
    expect(obstacleOf({ ...fine, token: undefined, relay: undefined })).toContain(
      "relay-identity-token-secret",
    );
  });
});

describe("an agent's arguments", () => {
  const agent = (container: { args?: string[]; env?: { name: string; value: string }[] }): V1Pod => ({
    spec: { containers: [{ name: "gloo-mesh-agent", ...container }] },
  });

  test("the relay's address is not confused with other addresses", () => {
    const args = [
      "--relay-authority=gloo-mesh.gloo-mesh:1",
      "--cluster=devcluster1",
      "--relay-address=127.8.0.2:9900",
    ];
    expect(agentArguments(agent({ args }))).toEqual({
      cluster: "devcluster1",
      relayAddress: "127.8.0.2:9900",
    });
  });

  test("any address will do if none is named", () => {
    const env = [{ name: "RELAY_SERVER", value: "relay.example.com:9900" }];
    expect(agentArguments(agent({ env })).relayAddress).toBe("relay.example.com:9900");
  });

  test("what is not there is undefined", () => {
    expect(agentArguments(agent({ args: ["--cluster=", "--verbose", "--relay-address=:9900"] }))).toEqual({
      cluster: undefined,
      relayAddress: undefined,
    });
  });
});

describe("an agent's certificate", () => {
  test("is signed by the relay's authority for the cluster's name, as a client's", async () => {
    const directory = mkdtempSync(join(tmpdir(), "controller-pki-"));
    onTestFinished(() => {
      rmSync(directory, { recursive: true });
    });
    const authority = await openPki(directory).authority("relay");
    const key = readFileSync(join(directory, "relay", "ca.key"), "utf8");

    const issued = await signClientCertificate({ cert: authority.cert, key }, "devcluster1");
    const cert = new X509Certificate(issued.cert);
    const root = new X509Certificate(authority.cert);
    expect(cert.verify(root.publicKey)).toBe(true);
    expect(cert.checkIssued(root)).toBe(true);
    expect(cert.subjectAltName).toBe("DNS:devcluster1");
    expect(cert.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(cert.toLegacyObject().subject.CN).toBe("devcluster1");
    expect(cert.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
  });

  test("cannot be signed with a key of an unsupported kind", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await expect(signClientCertificate({ cert: "", key }, "devcluster1")).rejects.toThrow("not ed25519");
  });
});
