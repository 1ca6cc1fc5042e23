import { Agent, get } from "node:https";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import pLimit from "p-limit";
import { paths } from "../../kit/paths.ts";
import {
  apiServerFlags,
  controllerManagerFlags,
  egressConfiguration,
  type Role,
} from "./control-plane-flags.ts";
import type { HostEnv, Stop } from "../base/env.ts";
import { writeFileAtomically } from "../../kit/files.ts";
import { toArguments } from "../base/flags.ts";
import { forwardSocket } from "../network/forward.ts";
import { serviceAddress } from "../network/addresses.ts";
import { type Access, kubeConfigFor } from "../base/kube-config.ts";
import type { Authority } from "../base/pki.ts";
import { type Child, logTail } from "../base/processes.ts";
import { until } from "../../kit/until.ts";

/** What distinguishes one cluster's control plane from another's. */
export interface ControlPlaneSpec {
  readonly name: string;
  /** Where its data is in etcd, e.g. "/clusters/host". */
  readonly etcdPrefix: string;
  readonly serviceCidr: string;
  readonly role: Role;
  /** An HTTP CONNECT proxy on 127.0.0.1 through which the API server reaches Services inside the cluster. */
  readonly webhookProxyPort?: number;
  /** Where real nodes are. */
  readonly nodes?: {
    /** The address under which they reach the API server. */
    readonly address: string;
    /** The socket file of an HTTP CONNECT proxy to what is inside of the cluster. */
    readonly proxy: string;
  };
}

/** A running control plane; certificates and keys are PEM text. */
export interface ControlPlane {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  readonly authority: Authority;
  readonly ca: string;
  readonly adminCert: string;
  readonly adminKey: string;
  /** The administrator's access, for the Kubernetes client. */
  readonly kubeConfig: KubeConfig;
  /** A kubeconfig file for another of the cluster's own programs. */
  componentKubeconfig(component: string): Promise<string>;
  stop(): Promise<void>;
}

/** The names under which every API server may be verified. */
const serverNames = [
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  "localhost",
  "127.0.0.1",
];

/** The addresses under which real nodes and their pods verify it. */
const addressesOf = ({ nodes, serviceCidr }: ControlPlaneSpec): string[] =>
  nodes === undefined ? [] : [nodes.address, serviceAddress(serviceCidr, 1)];

const readyWithinSeconds = 120;

/** Starts API server and controller manager; resolves when the API server is ready. */
export async function startControlPlane(env: HostEnv, spec: ControlPlaneSpec): Promise<ControlPlane> {
  const { name, role } = spec;
  const authority = await env.pki.authority(name);
  const [server, admin, port] = await Promise.all([
    authority.issue("server", {
      commonName: "kube-apiserver",
      hosts: [...serverNames, ...addressesOf(spec)],
    }),
    authority.issue("admin", { commonName: "admin", organizations: ["system:masters"] }),
    env.ports.take(name),
  ]);
  const url = `https://127.0.0.1:${port}`;
  const access: Access = { name, url, ca: authority.cert, cert: admin.cert, key: admin.key };
  const signingKeyFile = authority.signingKeyFile("service-accounts");
  const stops: Stop[] = [];
  const stop: Stop = async () => {
    for (const next of stops.splice(0).reverse()) await next();
  };

  try {
    let proxy = spec.nodes?.proxy;
    if (spec.webhookProxyPort !== undefined) {
      // The API server speaks plain HTTP to a proxy only through a socket file; over TCP it insists on TLS.
      proxy = join(paths.run, `${name}.sock`);
      stops.push(await forwardSocket(proxy, spec.webhookProxyPort));
    }
    let egressFile: string | undefined;
    if (proxy !== undefined) {
      egressFile = join(paths.run, `${name}.egress.json`);
      writeFileAtomically(egressFile, JSON.stringify(egressConfiguration(proxy)));
    }
    const { etcdPrefix, serviceCidr } = spec;
    const apiServer = {
      name: `${name}.kube-apiserver`,
      command: join(paths.bin, "kube-apiserver"),
      args: toArguments(
        apiServerFlags({
          role,
          port,
          etcd: env.etcd,
          etcdPrefix,
          serviceCidr,
          server,
          clientCaFile: authority.certFile,
          signingKeyFile,
          ...(egressFile === undefined ? {} : { egressFile }),
          ...(spec.nodes === undefined ? {} : { kubelets: { address: spec.nodes.address, client: admin } }),
        }),
      ),
      env: apiServerMemory,
      // Nobody would do without the host; a vcluster's control plane comes back as its container would.
      onExit: role === "host" ? "fatal" : "restart",
    } as const;
    const running = await inTurn(async () => {
      const started = env.processes.start(apiServer);
      stops.push(() => started.stop());
      await answers("/livez/ping", access, started);
      return started;
    });
    await answers("/readyz", access, running);

    const controllers = env.processes.start({
      name: `${name}.kube-controller-manager`,
      command: join(paths.bin, "kube-controller-manager"),
      args: toArguments(
        controllerManagerFlags({
          role,
          kubeconfig: await componentKubeconfig(authority, access, "kube-controller-manager"),
          caFile: authority.certFile,
          signingKeyFile,
          volumePluginDir: join(paths.run, "volume-plugins"),
        }),
      ),
      onExit: "restart",
    });
    stops.push(() => controllers.stop());
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    name,
    port,
    url,
    authority,
    ca: authority.cert,
    adminCert: admin.cert,
    adminKey: admin.key,
    kubeConfig: kubeConfigFor(access),
    componentKubeconfig: (component) => componentKubeconfig(authority, access, component),
    stop,
  };
}

/**
 * An API server computes all the time until it answers. More of them at once than there are processors would all answer
 * when the last one does; in turn, the first ones do long before, and what waits for them goes on.
 */
const inTurn = pLimit(availableParallelism());

// Collecting garbage costs a sixth of the start; the limit brings the collector back before memory gets scarce.
const apiServerMemory = { GOGC: "300", GOMEMLIMIT: "300MiB" };

/** Forgets a stopped control plane for good: its data, its certificates and its port. */
export async function eraseControlPlane(
  env: HostEnv,
  { name, etcdPrefix }: Pick<ControlPlaneSpec, "name" | "etcdPrefix">,
): Promise<void> {
  await env.etcd.deletePrefix(etcdPrefix);
  env.pki.remove(name);
  env.ports.release(name);
}

async function componentKubeconfig(authority: Authority, access: Access, component: string): Promise<string> {
  const subject = { commonName: component, organizations: ["system:masters"] };
  const { cert, key, keyFile } = await authority.issue(component, subject);
  const file = keyFile.replace(/\.key$/, ".kubeconfig");
  writeFileAtomically(file, kubeConfigFor({ ...access, cert, key }).exportConfig());
  return file;
}

/** Waits until an API server says yes. */
async function answers(
  question: "/livez/ping" | "/readyz",
  { url, ca, cert, key }: Access,
  server: Child,
): Promise<void> {
  const agent = new Agent({ ca, cert, key, keepAlive: true, maxSockets: 1 });
  const withLog = (message: string): string =>
    `${server.name} ${message}:\n${logTail(paths.logs, server.name)}`;
  try {
    await until(
      async () => {
        if (server.pid === undefined) throw new Error(withLog("ended while starting"));
        return saysYes(`${url}${question}`, agent);
      },
      readyWithinSeconds,
      () => withLog(`was not ready after ${readyWithinSeconds} s`),
    );
  } finally {
    agent.destroy();
  }
}

async function saysYes(url: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: 5000 }, (response) => {
      response.resume().on("end", () => {
        resolve(response.statusCode === 200);
      });
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => {
      resolve(false);
    });
  });
}
