// @peculiar/x509 keeps its algorithms in a container that needs this to be there first.
import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate with its private key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const hour = 3600 * 1000;
const validDays = 365;
const leafAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const curves: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

/** A client's certificate for this name, signed by an authority that someone else made (RSA or EC). */
export async function signClientCertificate(authority: KeyPair, name: string): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(leafAlgorithm, true, ["sign", "verify"]);
  const { signingKey, signingAlgorithm } = await importSigningKey(authority.key);
  const cert = await X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + validDays * 24 * hour),
    subject: [{ CN: [name] }],
    // The name as it is encoded in the authority's certificate: some verifiers compare bytes.
    issuer: new X509Certificate(authority.cert).subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
    ],
  });
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { cert: cert.toString("pem"), key: PemConverter.encode(der, "PRIVATE KEY") };
}

async function importSigningKey(pem: string) {
  const key = createPrivateKey(pem);
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (key.asymmetricKeyType !== "rsa" && curve === undefined) {
    throw new Error(
      `A relay signing key must be RSA or EC (P-256, P-384, P-521), not ${String(key.asymmetricKeyType)}.`,
    );
  }
  const signingAlgorithm =
    curve === undefined
      ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      : { name: "ECDSA", namedCurve: curve, hash: "SHA-256" };
  const der = key.export({ type: "pkcs8", format: "der" });
  const signingKey = await webcrypto.subtle.importKey("pkcs8", der, signingAlgorithm, false, ["sign"]);
  return { signingKey, signingAlgorithm };
}
