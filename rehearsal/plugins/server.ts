/** The gRPC side of the stand-in plugins. */
import * as grpc from "@grpc/grpc-js";
import pluginProto, { type PluginAttach } from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto, { type JavaScriptValue, type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { attach, engineAddress, listen, logged, runPlugin } from "./engine.ts";
import {
  type Changed,
  type Checked,
  type Diff,
  isObject,
  type Named,
  type Props,
  type Provider,
  plain,
} from "./provider.ts";

export { log } from "./engine.ts";
export * from "./provider.ts";

const props = (s: Struct | undefined): Props => plain(s?.toJavaScript() ?? {}) as Props;

function toValue(v: unknown): JavaScriptValue {
  if (Array.isArray(v)) return v.map(toValue);
  return isObject(v) ? toValues(v) : (v as JavaScriptValue);
}
const toValues = (o: Props): Record<string, JavaScriptValue> =>
  Object.fromEntries(Object.entries(o).flatMap(([k, v]) => (v === undefined ? [] : [[k, toValue(v)]])));
const struct = (o: Props): Struct => structProto.Struct.fromJavaScript(toValues(o));

class NotImplemented extends Error {}

function notImplemented(what: string): never {
  throw new NotImplemented(`${what} is not implemented by this stand-in plugin`);
}

/** Errors as Go plugins give them. */
function toStatus(error: unknown): Partial<grpc.ServiceError> {
  const details = error instanceof Error ? error.message : String(error);
  const code = error instanceof NotImplemented ? grpc.status.UNIMPLEMENTED : grpc.status.UNKNOWN;
  return { code, details };
}

/** A method of the service; what it logged is delivered before its answer. */
export const method =
  <Q, S>(answer: (q: Q) => Promise<S> | S): grpc.handleUnaryCall<Q, S> =>
  async ({ request }, callback) => {
    try {
      const response = await answer(request);
      await logged();
      callback(null, response);
    } catch (error) {
      await logged();
      callback(toStatus(error));
    }
  };

function diffResponse(diff: Diff): proto.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  const response = new proto.DiffResponse()
    .setChanges(diff.changed ? DIFF_SOME : DIFF_NONE)
    .setDiffsList([...(diff.diffs ?? [])])
    .setReplacesList([...(diff.replaces ?? [])])
    .setHasdetaileddiff(diff.detailedDiff !== undefined);
  for (const [path, { kind }] of Object.entries(diff.detailedDiff ?? {})) {
    const name = kind.toUpperCase().replace("-", "_") as keyof typeof proto.PropertyDiff.Kind;
    response.getDetaileddiffMap().set(path, new proto.PropertyDiff().setKind(proto.PropertyDiff.Kind[name]));
  }
  return response;
}

const checkResponse = ({ inputs, failures = [] }: Checked): proto.CheckResponse =>
  new proto.CheckResponse()
    .setInputs(struct(inputs))
    .setFailuresList(
      failures.map((f) => new proto.CheckFailure().setProperty(f.property).setReason(f.reason)),
    );

const named = (q: { getUrn(): string; getType(): string }): Named => ({ urn: q.getUrn(), type: q.getType() });
const write = (q: proto.CreateRequest | proto.UpdateRequest) => ({
  preview: q.getPreview(),
  timeout: q.getTimeout(),
});
const config = (q: proto.CheckRequest | proto.DiffRequest | proto.UpdateRequest) => ({
  urn: q.getUrn(),
  olds: props(q.getOlds()),
  news: props(q.getNews()),
});
const changed = (q: proto.DiffRequest | proto.UpdateRequest): Changed => ({
  ...named(q),
  ...config(q),
  id: q.getId(),
  oldInputs: props(q.getOldInputs()),
});
const empty = (): emptyProto.Empty => new emptyProto.Empty();

const methods = (p: Provider): grpc.UntypedServiceImplementation => ({
  // Nothing accepted: the engine then takes secret marks and resource references off, and puts the marks back itself.
  handshake: method((q: proto.ProviderHandshakeRequest) => {
    attach(q.getEngineAddress());
    return new proto.ProviderHandshakeResponse();
  }),
  attach: method((q: PluginAttach) => {
    attach(q.getAddress());
    return empty();
  }),
  cancel: method(() => {
    p.cancel?.();
    return empty();
  }),
  getPluginInfo: method(() => new pluginProto.PluginInfo().setVersion(p.version)),
  getSchema: method(() => new proto.GetSchemaResponse().setSchema("{}")),
  getMapping: method(() => new proto.GetMappingResponse()),
  getMappings: method(() => new proto.GetMappingsResponse()),
  configure: method(() => new proto.ConfigureResponse().setSupportspreview(true)),
  checkConfig: method((q: proto.CheckRequest) => checkResponse({ inputs: props(q.getNews()) })),
  diffConfig: method(() => notImplemented("DiffConfig")),
  check: method(async (q: proto.CheckRequest) => {
    const c = { ...named(q), ...config(q) };
    return checkResponse((await p.check?.(c)) ?? { inputs: c.news });
  }),
  diff: method(async (q: proto.DiffRequest) =>
    diffResponse((await p.diff?.(changed(q))) ?? notImplemented("Diff")),
  ),
  create: method(async (q: proto.CreateRequest) => {
    const c = { ...named(q), ...write(q), inputs: props(q.getProperties()) };
    const { id, outputs } = (await p.create?.(c)) ?? notImplemented("Create");
    return new proto.CreateResponse().setId(id).setProperties(struct(outputs));
  }),
  read: method(async (q: proto.ReadRequest) => {
    const c = { ...named(q), id: q.getId(), inputs: props(q.getInputs()), state: props(q.getProperties()) };
    const { id, inputs, outputs } = (await p.read?.(c)) ?? { ...c, outputs: c.state };
    // Empty properties are an object without fields; that there is none is told by no properties at all.
    if (id === "") return new proto.ReadResponse();
    return new proto.ReadResponse().setId(id).setInputs(struct(inputs)).setProperties(struct(outputs));
  }),
  update: method(async (q: proto.UpdateRequest) => {
    const { outputs } = (await p.update?.({ ...changed(q), ...write(q) })) ?? notImplemented("Update");
    return new proto.UpdateResponse().setProperties(struct(outputs));
  }),
  delete: method(async (q: proto.DeleteRequest) => {
    const c = { id: q.getId(), inputs: props(q.getOldInputs()), state: props(q.getProperties()) };
    await p.delete?.({ ...named(q), ...c, timeout: q.getTimeout() });
    return empty();
  }),
  invoke: method(async (q: proto.InvokeRequest) => {
    const answer = await p.invoke?.({ tok: q.getTok(), args: props(q.getArgs()) });
    return new proto.InvokeResponse().setReturn(struct(answer ?? notImplemented(q.getTok())));
  }),
});

/** Starts the server of a provider. */
export const listenProvider = (provider: Provider) =>
  listen(providerGrpc.ResourceProviderService, methods(provider));

/** Serves the provider as the plugin process that the engine starts; it may give its own address as an argument. */
export function serve(provider: Provider): void {
  attach(engineAddress(process.argv));
  const port = listenProvider(provider).then((listening) => listening.port);
  runPlugin(port, () => provider.cancel?.());
}
