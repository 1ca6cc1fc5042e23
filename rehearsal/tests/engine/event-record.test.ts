import { describe, expect, it } from "vitest";
import { recordable } from "../../engine/event-record.ts";

const kubeconfig =
  "apiVersion: v1\nusers:\n- name: admin\n  user:\n    client-key-data: LS0tLS1CRUdJTiBFQyBQUk==\n";
const message = (text: string) => JSON.stringify({ sequence: 1, diagnosticEvent: { message: text } });

describe("an event that is kept", () => {
  it.each([
    ["a kubeconfig", kubeconfig, "[secret]"],
    ["a kubeconfig inside of JSON", JSON.stringify({ kubeconfig }), "[secret]"],
    ["a key", "it was -----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----", "[secret]"],
    ["the beginning of a key", "it was -----BEGIN RSA PRIVATE KEY-----\nMIIE", "[secret]"],
    ["a key in base64", "tls.key is LS0tLS1CRUdJTiBQUklWQVRF=", "tls.key is [secret]"],
    [
      "a service account's token",
      "Bearer eyJhbGciOi.eyJzdWIi.c2ln was refused",
      "Bearer [secret] was refused",
    ],
  ])("does not have %s", (_, text, kept) => {
    expect(JSON.parse(recordable(message(text)) ?? "")).toEqual(JSON.parse(message(kept)));
  });

  it.each(["token", "password", "licenseKey"])("does not have the value of %s, whatever it is", (key) => {
    const event = { resOutputsEvent: { metadata: { new: { outputs: { list: [{ [key]: "short" }] } } } } };
    expect(recordable(JSON.stringify(event))).not.toContain("short");
  });

  it("is not kept where it is for debugging: there, answers are whole", () => {
    const text = "RegisterResource RPC finished: resp: urn,,,1b47061264138c4ac30d75fd1eb44270,value,,,short";
    expect(
      recordable(JSON.stringify({ diagnosticEvent: { message: text, severity: "debug" } })),
    ).toBeUndefined();
    const told = JSON.stringify({ diagnosticEvent: { message: "host: context kind", severity: "info" } });
    expect(recordable(told)).toBe(told);
  });

  it("stays as it is where it has nothing of that, and a line that is no event is looked through, too", () => {
    const line = message("Secret relay-identity-token-secret: it does not exist");
    expect(recordable(line)).toBe(line);
    expect(recordable("panic: token=abcdefghijklmnop")).toBe("panic: token=[secret]");
  });
});
