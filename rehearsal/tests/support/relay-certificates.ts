import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect } from "vitest";
import { decode, find, type Manifest } from "./charts.ts";

/** Expects the relay's Secrets among these objects to trust one another. */
export function expectRelayCertificates(manifests: readonly Manifest[]): void {
  const secret = (name: string) => find(manifests, "Secret", name).data ?? {};
  const { "ca.crt": ca, "tls.key": key } = secret("relay-root-tls-secret");
  const authority = new X509Certificate(decode(ca));
  expect(authority.ca).toBe(true);
  expect(authority.checkPrivateKey(createPrivateKey(decode(key)))).toBe(true);

  const server = secret("relay-server-tls-secret");
  const certificate = new X509Certificate(decode(server["tls.crt"]));
  expect(server["ca.crt"]).toBe(ca);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  // Not checkHost(): unlike Go, OpenSSL takes no wildcard before a single label.
  expect(certificate.subjectAltName).toBe("DNS:*.gloo-mesh");
  expect(certificate.checkPrivateKey(createPrivateKey(decode(server["tls.key"])))).toBe(true);

  const signing = secret("relay-tls-signing-secret");
  const signer = new X509Certificate(decode(signing["tls.crt"]));
  expect(signing["ca.crt"]).toBe(ca);
  expect(signer.ca).toBe(true);
  expect(signer.verify(authority.publicKey)).toBe(true);
  expect(signer.checkPrivateKey(createPrivateKey(decode(signing["tls.key"])))).toBe(true);
}
