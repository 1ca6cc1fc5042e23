/**
 * A stand-in for pulumi-language-nodejs 3.259: it runs Node programs, with npm as their package manager.
 * What it leaves out: synchronous invokes, debuggers, code generation, plugins written in TypeScript.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ServerWritableStream, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/language_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import { engineAddress, listen, runPlugin } from "./engine.ts";
import { dependencies, requiredPlugins } from "./language-packages.ts";
import { findRunner, invocation } from "./language-program.ts";
import { method } from "./server.ts";

/** The exit code of a program that has told the user what is wrong already. */
const explained = 32;

let engine = "";
const running = new Set<ChildProcess>();

/** Interrupts the programs that run, and kills them if they do not end. */
function cancel(): void {
  for (const child of running) {
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGKILL"), 5000).unref();
  }
}

/** Resolves with the exit code, -1 after a signal; fails if it could not start. */
function ended(child: ChildProcess): Promise<number> {
  running.add(child);
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => {
      resolve(code ?? -1);
    });
  }).finally(() => running.delete(child));
}

const directoryOf = (q: { getInfo(): proto.ProgramInfo | undefined }): string =>
  q.getInfo()?.getProgramDirectory() ?? process.cwd();

/** Runs the program to its end. */
export async function run(q: proto.RunRequest): Promise<proto.RunResponse> {
  const response = new proto.RunResponse();
  try {
    const { args, env } = invocation(q, engine, findRunner(directoryOf(q)));
    // What the program prints goes straight to the engine, which reads this process's output.
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const code = await ended(child);
    if (code === 0) return response;
    if (code === explained) return response.setBail(true);
    return response.setError(`Program exited with non-zero exit code: ${code}`);
  } catch (error) {
    return response.setError(error instanceof Error ? error.message : String(error));
  }
}

type Install = ServerWritableStream<proto.InstallDependenciesRequest, proto.InstallDependenciesResponse>;

async function install(call: Install): Promise<void> {
  const directory = directoryOf(call.request);
  const command = existsSync(join(directory, "package-lock.json")) ? "ci" : "install";
  const child = spawn("npm", [command], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (chunk: Buffer) =>
    call.write(new proto.InstallDependenciesResponse().setStdout(chunk)),
  );
  child.stderr.on("data", (chunk: Buffer) =>
    call.write(new proto.InstallDependenciesResponse().setStderr(chunk)),
  );
  try {
    const code = await ended(child);
    if (code !== 0) throw new Error(`exit status ${code}`);
    call.end();
  } catch (error) {
    const details = `npm ${command} failed in ${directory}: ${String(error)}`;
    call.emit("error", { code: status.UNKNOWN, details });
  }
}

const methods: UntypedServiceImplementation = {
  handshake: method((q: proto.LanguageHandshakeRequest) => {
    engine = q.getEngineAddress();
    return new proto.LanguageHandshakeResponse();
  }),
  getPluginInfo: method(() => new pluginProto.PluginInfo().setVersion("3.259.0")),
  getRequiredPackages: method((q: proto.GetRequiredPackagesRequest) =>
    new proto.GetRequiredPackagesResponse().setPackagesList(
      requiredPlugins(directoryOf(q)).map(({ name, version }) =>
        new pluginProto.PackageDependency().setName(name).setKind("resource").setVersion(version),
      ),
    ),
  ),
  getProgramDependencies: method((q: proto.GetProgramDependenciesRequest) =>
    new proto.GetProgramDependenciesResponse().setDependenciesList(
      dependencies(directoryOf(q), q.getTransitivedependencies()).map(({ name, version }) =>
        new proto.DependencyInfo().setName(name).setVersion(version),
      ),
    ),
  ),
  about: method(() => {
    const response = new proto.AboutResponse().setExecutable(process.execPath).setVersion(process.version);
    response.getMetadataMap().set("packagemanager", "npm");
    return response;
  }),
  runtimeOptionsPrompts: method(() => new proto.RuntimeOptionsResponse()),
  run: method(run),
  installDependencies: (call: Install) => void install(call),
  cancel: method(() => {
    cancel();
    return new emptyProto.Empty();
  }),
};

if (import.meta.main) {
  engine = engineAddress(process.argv);
  runPlugin(
    listen(languageGrpc.LanguageRuntimeService, methods).then(({ port }) => port),
    cancel,
  );
}
