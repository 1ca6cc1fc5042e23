/** The engine's side of a plugin: the connection back to it, and the process it started. */
import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

let engine: engineGrpc.EngineClient | undefined;
let delivered: Promise<unknown> = Promise.resolve();

/** Connects to the engine that started, or took over, this plugin. */
export function attach(address: string): void {
  if (address !== "") engine = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure());
}

/** Sends a line to the engine's display, in the order of the calls; without an engine it goes to stderr. */
export function log(
  severity: "debug" | "info" | "warning" | "error",
  message: string,
  urn = "",
  ephemeral = false,
): void {
  const client = engine;
  if (client === undefined) {
    process.stderr.write(`${severity}: ${message}\n`);
    return;
  }
  const level = severity.toUpperCase() as keyof typeof engineProto.LogSeverity;
  const line = new engineProto.LogRequest()
    .setSeverity(engineProto.LogSeverity[level])
    .setMessage(message)
    .setUrn(urn)
    .setEphemeral(ephemeral);
  // Whether it arrived does not matter: a display that has gone away is no reason to fail an operation.
  delivered = delivered.then(() => new Promise((resolve) => client.log(line, resolve)));
}

/** Resolves when the lines logged so far have arrived. */
export const logged = (): Promise<unknown> => delivered;

/** Serves any service on a free loopback port, which it returns. */
export async function listen(
  service: grpc.ServiceDefinition,
  implementation: grpc.UntypedServiceImplementation,
): Promise<{ server: grpc.Server; port: number }> {
  const limit = 400 * 1024 * 1024; // the engine's own; a chart's values or a state can be large
  const server = new grpc.Server({
    "grpc.max_receive_message_length": limit,
    "grpc.max_send_message_length": limit,
  });
  server.addService(service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { server, port };
}

/** Makes this process a plugin: prints the port for the engine, and ends with the engine. */
export function runPlugin(port: Promise<number>, cancel: () => void): void {
  const leave = (): never => {
    cancel();
    process.exit(0);
  };
  process.on("SIGINT", leave).on("SIGTERM", leave);
  // An engine that was killed cannot say goodbye, and its plugins must not outlive it.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) leave();
  }, 1000).unref();
  void port.then((bound) => process.stdout.write(`${bound}\n`));
}

/** The engine gives its address to a plugin as the only argument that is not a flag; "" if it did not. */
export const engineAddress = (argv: readonly string[]): string =>
  argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
