import { Agent, request } from "node:https";
import { join } from "node:path";
import { toArguments } from "./flags.ts";
import type { Identity, Pki } from "./pki.ts";
import type { Ports } from "./ports.ts";
import type { ProcessGroup } from "./processes.ts";
import { until } from "../../kit/until.ts";

/** The one etcd of the rehearsal; each cluster has a key prefix of its own in it. */
export interface Etcd {
  readonly endpoint: string;
  /** What an API server needs to talk to it. */
  readonly caFile: string;
  readonly client: Identity;
  /** Forgets everything below a prefix, e.g. the data of a vcluster whose volume has been deleted. */
  deletePrefix(prefix: string): Promise<void>;
}

export interface EtcdOptions {
  readonly command: string;
  readonly dataDirectory: string;
  readonly processes: ProcessGroup;
  readonly pki: Pki;
  readonly ports: Ports;
}

const patienceSeconds = 60;

/** Starts etcd; resolves when it answers. Only holders of its client certificate may talk to it. */
export async function startEtcd(options: EtcdOptions): Promise<Etcd> {
  const { processes, pki, ports } = options;
  const authority = await pki.authority("etcd");
  const [server, client, clientPort, jsonPort, peerPort] = await Promise.all([
    authority.issue("server", { commonName: "etcd", hosts: ["localhost", "127.0.0.1"] }),
    authority.issue("client", { commonName: "kube-apiserver" }),
    ports.take("etcd"),
    ports.take("etcd-json"),
    ports.take("etcd-peer"),
  ]);
  const endpoint = `https://127.0.0.1:${clientPort}`;
  const jsonEndpoint = `https://127.0.0.1:${jsonPort}`;
  processes.start({
    name: "etcd",
    command: options.command,
    args: etcdArguments({
      dataDirectory: join(options.dataDirectory, "data"),
      endpoint,
      jsonEndpoint,
      peerEndpoint: `https://127.0.0.1:${peerPort}`,
      server,
      caFile: authority.certFile,
    }),
    onExit: "fatal",
  });

  const agent = new Agent({ ca: authority.cert, cert: client.cert, key: client.key, keepAlive: true });
  async function call(path: string, body: object): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const sent = request(`${jsonEndpoint}${path}`, { method: "POST", agent, timeout: 5000 }, (response) => {
        response.resume().on("end", () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`etcd answered ${response.statusCode ?? "?"} to ${path}`));
        });
      });
      sent.on("timeout", () => sent.destroy(new Error(`etcd did not answer ${path} within 5 s`)));
      sent.on("error", reject);
      sent.end(JSON.stringify(body));
    });
  }

  await until(
    () =>
      call("/v3/maintenance/status", {}).then(
        () => true,
        () => false,
      ),
    patienceSeconds,
    () => `etcd did not answer within ${patienceSeconds} s`,
  );
  return {
    endpoint,
    caFile: authority.certFile,
    client,
    deletePrefix: (prefix) => call("/v3/kv/deleterange", prefixRange(prefix)),
  };
}

/** All keys below a prefix, in the form of etcd's JSON interface. */
export function prefixRange(prefix: string): { key: string; range_end: string } {
  if (!/^\/[^/]+(\/[^/]+)*$/.test(prefix)) {
    throw new Error(`An etcd prefix must look like "/clusters/name", not "${prefix}".`);
  }
  // "0" follows "/" in ASCII: the range holds what is below the prefix and not, say, its longer namesakes.
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return { key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) };
}

interface EtcdArguments {
  readonly dataDirectory: string;
  readonly endpoint: string;
  readonly jsonEndpoint: string;
  readonly peerEndpoint: string;
  readonly server: Identity;
  readonly caFile: string;
}

function etcdArguments(facts: EtcdArguments): string[] {
  const { dataDirectory, endpoint, jsonEndpoint, peerEndpoint, server, caFile } = facts;
  return toArguments({
    name: "rehearsal",
    "data-dir": dataDirectory,
    "listen-client-urls": endpoint,
    // On a port that serves JSON, too, every request takes a slower way through etcd.
    "listen-client-http-urls": jsonEndpoint,
    "advertise-client-urls": endpoint,
    "listen-peer-urls": peerEndpoint,
    "initial-advertise-peer-urls": peerEndpoint,
    "initial-cluster": `rehearsal=${peerEndpoint}`,
    // Without it every local user could read every Secret.
    "client-cert-auth": "true",
    "trusted-ca-file": caFile,
    "cert-file": server.certFile,
    "key-file": server.keyFile,
    "peer-client-cert-auth": "true",
    "peer-trusted-ca-file": caFile,
    "peer-cert-file": server.certFile,
    "peer-key-file": server.keyFile,
    // A rehearsal survives killed processes; it need not survive a power cut.
    "unsafe-no-fsync": "true",
    "snapshot-count": "5000",
    // It elects itself: after the usual second it would be late, and much sooner it would tick all the time.
    "heartbeat-interval": 50,
    "election-timeout": 250,
    "log-level": "warn",
  });
}
