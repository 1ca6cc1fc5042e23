import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Authority, type Identity, openPki } from "../../host/base/pki.ts";

const server = { commonName: "kube-apiserver", hosts: ["kubernetes", "localhost", "127.0.0.1"] };
const admin = { commonName: "admin", organizations: ["system:masters", "others"] };
const day = 24 * 3600 * 1000;

let directory: string;
const open = (name = "host"): Promise<Authority> => openPki(directory).authority(name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "host-pki-"));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

/** What a server that asks for certificates learns about its client, or why the two do not talk. */
async function handshake(
  trust: string,
  own: Identity,
  client: Identity,
  servername: string,
): Promise<unknown> {
  const listener = createServer({ ...own, ca: trust, requestCert: true, rejectUnauthorized: true });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  const seen = new Promise((resolve) => {
    listener.on("secureConnection", (socket: TLSSocket) => {
      resolve(socket.getPeerCertificate().subject);
      socket.end();
    });
    listener.on("tlsClientError", (error) => {
      resolve(error.message);
    });
  });
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername,
    ca: trust,
    cert: client.cert,
    key: client.key,
  });
  const refused = new Promise((resolve) =>
    socket.on("error", (error: Error) => {
      resolve(error.message);
    }),
  );
  socket.resume();
  const result = await Promise.race([seen, refused]);
  socket.destroy();
  await new Promise((resolve) => listener.close(resolve));
  return result;
}

describe("an authority", () => {
  test("issues what server and client accept from each other", async () => {
    const authority = await open();
    const [own, client] = await Promise.all([
      authority.issue("server", server),
      authority.issue("admin", admin),
    ]);
    expect(await handshake(authority.cert, own, client, "localhost")).toMatchObject({
      CN: "admin",
      O: ["system:masters", "others"],
    });
    expect(await handshake(authority.cert, own, client, "elsewhere")).toMatch(/does not match certificate/);
    const ca = new X509Certificate(authority.cert);
    expect([ca.ca, new X509Certificate(own.cert).ca]).toEqual([true, false]);
  });

  test("is not believed by the servers of another one", async () => {
    const [mine, other] = await Promise.all([open("host"), open("devmgmt")]);
    const own = await mine.issue("server", server);
    const stranger = await other.issue("admin", admin);
    expect(await handshake(mine.cert, own, stranger, "localhost")).not.toHaveProperty("CN");
  });

  test("is the same after a restart, and so is what it issued", async () => {
    const before = await open();
    const issued = await before.issue("admin", admin);
    const signing = before.signingKeyFile("sa");
    const after = await open();
    expect(after.cert).toBe(before.cert);
    expect(await after.issue("admin", admin)).toEqual(issued);
    expect(statSync(after.signingKeyFile("sa")).mtimeMs).toBe(statSync(signing).mtimeMs);
  });

  test("issues anew what is for someone else, is broken, or was issued by a former authority", async () => {
    const first = await (await open()).issue("server", server);
    const renamed = { ...server, hosts: [...server.hosts, "127.5.0.2"] };
    const second = await (await open()).issue("server", renamed);
    expect(second.cert).not.toBe(first.cert);
    expect(new X509Certificate(second.cert).subjectAltName).toContain("127.5.0.2");

    writeFileSync(second.keyFile, "half a key");
    const third = await (await open()).issue("server", renamed);
    expect(third.key).not.toBe(second.key);

    rmSync((await open()).certFile);
    const successor = await open();
    const fourth = await successor.issue("server", renamed);
    expect(new X509Certificate(fourth.cert).verify(new X509Certificate(successor.cert).publicKey)).toBe(true);
  });

  test("issues for more than a year, and anew before that is over", async () => {
    const issued = await (await open()).issue("admin", admin);
    const end = Date.parse(new X509Certificate(issued.cert).validTo);
    expect(end).toBeGreaterThan(Date.now() + 366 * day);

    vi.useFakeTimers({ toFake: ["Date"], now: end - 61 * day });
    expect((await (await open()).issue("admin", admin)).cert).toBe(issued.cert);
    vi.setSystemTime(end - 59 * day);
    const renewed = await (await open()).issue("admin", admin);
    expect(Date.parse(new X509Certificate(renewed.cert).validTo)).toBeGreaterThan(end + 366 * day);
  });

  test("keeps its files from other users", async () => {
    const authority = await open();
    await authority.issue("admin", admin);
    authority.signingKeyFile("sa");
    const folder = join(directory, "host");
    expect(readdirSync(folder).sort()).toEqual(["admin.crt", "admin.key", "ca.crt", "ca.key", "sa.key"]);
    const modes = readdirSync(folder).map((file) => statSync(join(folder, file)).mode & 0o777);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test("is another one after it has been removed", async () => {
    const pki = openPki(directory);
    const before = await pki.authority("devmgmt");
    pki.remove("devmgmt");
    expect((await pki.authority("devmgmt")).cert).not.toBe(before.cert);
  });
});
