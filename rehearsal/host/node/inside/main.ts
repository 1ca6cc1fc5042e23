import { connect } from "node:net";
import { join } from "node:path";
import { imagesFolder } from "../../../images/make.ts";
import { startRegistry } from "../../../images/registry.ts";
import { paths } from "../../../kit/paths.ts";
import { toArguments } from "../../base/flags.ts";
import { createProcessGroup, type Death } from "../../base/processes.ts";
import { clearSocket, forward } from "../../network/forward.ts";
import { inside, node, sockets } from "../layout.ts";
import { startConnectProxy } from "./connect-proxy.ts";
import { runtimeAnswers } from "./runtime.ts";

/*
 * The supervisor of the node, in the sandbox: it starts the node's programs, serves images, and joins the sandbox with
 * what is outside. It ends when a program does, or when the supervisor outside is gone; then the sandbox does.
 */

const [, , kubeletKubeconfig = "", apiServerPort = ""] = process.argv;
const patienceSeconds = 60;

function log(line: string): void {
  console.log(`[${(performance.now() / 1000).toFixed(1).padStart(5)}s] ${line}`);
}

const processes = createProcessGroup({
  logs: paths.logs,
  // Outside of the sandbox these numbers mean nothing; there, its end is theirs.
  registry: "/run/processes.json",
  log,
  onFatal: (death) => void end(1, death),
});

let ending = false;

async function end(code: number, death?: Death): Promise<void> {
  if (ending) return;
  ending = true;
  // Who reads the last lines of this log reads who it was.
  if (death !== undefined) log(`the last lines of ${death.process}:\n${death.tail}\n${death.message}`);
  await processes.stopAll();
  process.exit(code);
}

const environment = {
  PATH: [paths.bin, process.env["PATH"]].join(":"),
  HOME: "/run",
  // Else kubelet and containerd look for a session of systemd.
  XDG_RUNTIME_DIR: "/run",
};

/** A program without which the node is none. */
const run = (name: string, args: readonly string[]): void => {
  processes.start({
    name: `node.${name}`,
    command: join(paths.bin, name),
    args,
    env: environment,
    onExit: "fatal",
  });
};

process.on("uncaughtException", (error) => {
  log(error.stack ?? error.message);
  void end(1);
});
process.stdin.resume().on("end", () => {
  log("nobody supervises the node any more: stopping");
  void end(0);
});

clearSocket(sockets.proxy);
await startConnectProxy(sockets.proxy);
await forward({ host: node.address, port: Number(apiServerPort) }, async () =>
  connect(sockets.apiServer).setNoDelay(true),
);
await startRegistry({ host: node.address, port: node.registryPort, folder: imagesFolder });
run("containerd", ["--config", `${inside.home}/containerd.toml`]);
await runtimeAnswers(inside.containerdSocket, patienceSeconds);
log("containerd ready");
run(
  "kubelet",
  toArguments({
    config: `${inside.home}/kubelet.yaml`,
    kubeconfig: kubeletKubeconfig,
    "root-dir": inside.kubeletRoot,
    "hostname-override": node.name,
    "node-ip": node.address,
    // The addresses of the node are given by who runs the load balancer.
    "cloud-provider": "external",
  }),
);
run("kube-proxy", ["--config", `${inside.home}/kube-proxy.yaml`]);
log("node started");
