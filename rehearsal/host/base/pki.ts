// @peculiar/x509 keeps its algorithms in a container that needs this to be there first.
import "reflect-metadata";
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { rmSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { readFileIfAny, writeFileAtomically } from "../../kit/files.ts";

/** A certificate with its key, as PEM text and as files. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Whom a certificate is for: `hosts` (names and addresses) make it a server's too, `organizations` are a client's groups. */
interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly hosts?: readonly string[];
}

/** A certificate authority that lives on disk and is the same one after a restart. */
export interface Authority {
  /** The CA's certificate, PEM. */
  readonly cert: string;
  readonly certFile: string;
  /** The identity of this file name: the one issued before, unless it is for someone else or about to expire. */
  issue(name: string, subject: Subject): Promise<Identity>;
  /** The file of a private key (PEM) that signs service account tokens. */
  signingKeyFile(name: string): string;
}

/** All authorities of the rehearsal, each independent of the others. */
export interface Pki {
  authority(name: string): Promise<Authority>;
  /** Forgets an authority and all it issued, e.g. that of a vcluster whose volume has been deleted. */
  remove(name: string): void;
}

const day = 24 * 3600 * 1000;
const authorityDays = 3650;
const identityDays = 730;
/** What is left of an identity's life when it is issued anew; an authority must outlive what it issues. */
const renewalDays = 60;

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** The authorities below a directory. */
export function openPki(directory: string): Pki {
  const authorities = new Map<string, Promise<Authority>>();
  return {
    authority(name) {
      const known = authorities.get(name) ?? openAuthority(join(directory, name), name);
      authorities.set(name, known);
      return known;
    },
    remove(name) {
      authorities.delete(name);
      rmSync(join(directory, name), { recursive: true, force: true });
    },
  };
}

async function openAuthority(directory: string, name: string): Promise<Authority> {
  const file = identityFiles(directory, "ca");
  const ca = load(file, (cert) => daysLeft(cert) > identityDays) ?? save(file, await createAuthority(name));
  const issuer = new X509Certificate(ca.cert);
  const issued = new Map<string, Promise<Identity>>();

  async function identity(fileName: string, subject: Subject): Promise<Identity> {
    const files = identityFiles(directory, fileName);
    const usable = (cert: X509Certificate): boolean =>
      cert.verify(issuer.publicKey) && daysLeft(cert) > renewalDays && isFor(cert, subject);
    return load(files, usable) ?? save(files, await createIdentity(ca, subject));
  }

  return {
    cert: ca.cert,
    certFile: ca.certFile,
    issue(fileName, subject) {
      const next = (issued.get(fileName) ?? Promise.resolve()).then(() => identity(fileName, subject));
      issued.set(fileName, next);
      return next;
    },
    signingKeyFile(fileName) {
      const { keyFile } = identityFiles(directory, fileName);
      if (readFileIfAny(keyFile) === undefined) {
        const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        writeFileAtomically(keyFile, privateKey.export({ type: "sec1", format: "pem" }).toString());
      }
      return keyFile;
    },
  };
}

type Pem = Pick<Identity, "cert" | "key">;
type Files = Pick<Identity, "certFile" | "keyFile">;

const identityFiles = (directory: string, name: string): Files => ({
  certFile: join(directory, `${name}.crt`),
  keyFile: join(directory, `${name}.key`),
});

function load(files: Files, usable: (cert: X509Certificate) => boolean): Identity | undefined {
  const cert = readFileIfAny(files.certFile);
  const key = readFileIfAny(files.keyFile);
  if (cert === undefined || key === undefined) return undefined;
  try {
    const parsed = new X509Certificate(cert);
    return parsed.checkPrivateKey(createPrivateKey(key)) && usable(parsed)
      ? { cert, key, ...files }
      : undefined;
  } catch {
    return undefined; // Not PEM: it is issued anew.
  }
}

function save(files: Files, pem: Pem): Identity {
  writeFileAtomically(files.keyFile, pem.key);
  writeFileAtomically(files.certFile, pem.cert);
  return { ...pem, ...files };
}

async function createAuthority(name: string): Promise<Pem> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const cert = await X509CertificateGenerator.createSelfSigned({
    ...validity(authorityDays),
    name: [{ CN: [`rehearsal ${name} CA`] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: cert.toString("pem"), key: await privatePem(keys.privateKey) };
}

async function createIdentity(ca: Pem, subject: Subject): Promise<Pem> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const hosts = subject.hosts ?? [];
  const cert = await X509CertificateGenerator.create({
    ...validity(identityDays),
    subject: [
      ...(subject.organizations ?? []).map((organization) => ({ O: [organization] })),
      { CN: [subject.commonName] },
    ],
    issuer: new X509Certificate(ca.cert).subject,
    publicKey: keys.publicKey,
    signingKey: await importPrivateKey(ca.key),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension(
        hosts.length > 0
          ? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]
          : [ExtendedKeyUsage.clientAuth],
      ),
      ...(hosts.length > 0
        ? [
            new SubjectAlternativeNameExtension(
              hosts.map((value) => ({ type: isIP(value) > 0 ? "ip" : "dns", value })),
            ),
          ]
        : []),
    ],
  });
  return { cert: cert.toString("pem"), key: await privatePem(keys.privateKey) };
}

// The hour covers clocks that are not quite in step.
const validity = (days: number) => ({
  serialNumber: randomBytes(16).toString("hex"),
  notBefore: new Date(Date.now() - 3600 * 1000),
  notAfter: new Date(Date.now() + days * day),
});

const daysLeft = (cert: X509Certificate): number => (Date.parse(cert.validTo) - Date.now()) / day;

function isFor(cert: X509Certificate, { commonName, organizations = [], hosts = [] }: Subject): boolean {
  const name = [...organizations.map((organization) => `O=${organization}`), `CN=${commonName}`].join("\n");
  const hostNames = hosts.map((host) => (isIP(host) > 0 ? `IP Address:${host}` : `DNS:${host}`)).join(", ");
  return cert.subject === name && (cert.subjectAltName ?? "") === hostNames;
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join("\n") ?? ""}\n-----END PRIVATE KEY-----\n`;
}

async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}
