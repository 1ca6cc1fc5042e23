import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../plugins/engine.ts";
import { listenProvider, log, type Provider, secret, UNKNOWN } from "../../plugins/server.ts";

const calls: Record<string, unknown> = {};
const secretOf = (value: JavaScriptValue) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

const toy: Provider = {
  name: "toy",
  version: "1.2.3",
  async check({ news }) {
    calls["news"] = news;
    return { inputs: { ...news, absent: undefined }, failures: [{ property: "size", reason: "too big" }] };
  },
  async diff() {
    const detailedDiff = { size: { kind: "update-replace" as const } };
    return { changed: true, diffs: ["size"], replaces: ["size"], detailedDiff };
  },
  async create({ urn, inputs }) {
    log("warning", "one", urn);
    log("info", "two", urn, true);
    if (inputs["fail"] === true) throw new Error("no room");
    return { id: "id-1", outputs: { password: secret("p"), later: UNKNOWN } };
  },
  async read({ id, inputs, state }) {
    return id === "gone" ? { id: "", inputs: {}, outputs: {} } : { id, inputs, outputs: state };
  },
  cancel() {
    calls["cancelled"] = true;
  },
};

const struct = (o: Record<string, JavaScriptValue>) => structProto.Struct.fromJavaScript(o);
const lines: string[] = [];
const servers: grpc.Server[] = [];
let client: providerGrpc.ResourceProviderClient;

/** Turns one call of the client into a promise. */
function call<S>(
  send: (done: (error: grpc.ServiceError | null, response: S) => void) => unknown,
): Promise<S> {
  return new Promise((resolve, reject) => {
    send((error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

beforeAll(async () => {
  const engine = await listen(engineGrpc.EngineService, {
    log: ({ request: q }: { request: LogRequest }, callback: grpc.sendUnaryData<emptyProto.Empty>) => {
      // Slow on purpose: an answer must not overtake its log.
      setTimeout(() => {
        lines.push(`${q.getSeverity()} ${q.getMessage()} ${q.getUrn()} ${String(q.getEphemeral())}`);
        callback(null, new emptyProto.Empty());
      }, 20);
    },
  });
  const plugin = await listenProvider(toy);
  servers.push(engine.server, plugin.server);
  const address = `127.0.0.1:${plugin.port}`;
  client = new providerGrpc.ResourceProviderClient(address, grpc.credentials.createInsecure());
  await call<emptyProto.Empty>((done) =>
    client.attach(new pluginProto.PluginAttach().setAddress(`127.0.0.1:${engine.port}`), done),
  );
});

afterAll(() => {
  client.close();
  for (const server of servers) server.forceShutdown();
});

describe("the plugin server", () => {
  it("tells who it is, and accepts no secrets, so that the engine keeps them", async () => {
    const info = await call<pluginProto.PluginInfo>((done) =>
      client.getPluginInfo(new emptyProto.Empty(), done),
    );
    expect(info.getVersion()).toBe("1.2.3");
    const answer = await call<proto.ProviderHandshakeResponse>((done) =>
      client.handshake(new proto.ProviderHandshakeRequest(), done),
    );
    expect(answer.toObject()).toEqual({
      acceptSecrets: false,
      acceptResources: false,
      acceptOutputs: false,
      supportsAutonamingConfiguration: false,
      acceptsByteString: false,
    });
  });

  it("takes the secret marks off inputs, which the engine may send with them", async () => {
    const news = struct({ list: [{ kubeconfig: secretOf("content") }], context: secretOf(null) });
    await call<proto.CheckResponse>((done) => client.check(new proto.CheckRequest().setNews(news), done));
    expect(calls["news"]).toEqual({ list: [{ kubeconfig: "content" }], context: null });
  });

  it("hands inputs and failures through, without undefined members", async () => {
    const news = struct({ size: 3, nested: { unknown: UNKNOWN, list: [1, null, true] } });
    const request = new proto.CheckRequest().setNews(news);
    const answer = await call<proto.CheckResponse>((done) => client.check(request, done));
    expect(answer.getInputs()?.toJavaScript()).toEqual(news.toJavaScript());
    expect(answer.getFailuresList().map((f) => f.toObject())).toEqual([
      { property: "size", reason: "too big" },
    ]);
  });

  it("translates a diff", async () => {
    const answer = await call<proto.DiffResponse>((done) => client.diff(new proto.DiffRequest(), done));
    expect(answer.getChanges()).toBe(proto.DiffResponse.DiffChanges.DIFF_SOME);
    expect(answer.getReplacesList()).toEqual(["size"]);
    expect(answer.getHasdetaileddiff()).toBe(true);
    const kind = proto.PropertyDiff.Kind.UPDATE_REPLACE;
    expect(answer.getDetaileddiffMap().get("size")?.toObject()).toEqual({ kind, inputdiff: false });
  });

  it("marks what the provider calls secret, after its log has arrived in order", async () => {
    lines.length = 0;
    const answer = await call<proto.CreateResponse>((done) =>
      client.create(new proto.CreateRequest().setUrn("urn"), done),
    );
    expect(answer.getProperties()?.toJavaScript()).toEqual({ password: secretOf("p"), later: UNKNOWN });
    expect(lines).toEqual(["2 one urn false", "1 two urn true"]);
  });

  it("reports an error as Go plugins do", async () => {
    const request = new proto.CreateRequest().setProperties(struct({ fail: true }));
    const failing = call<proto.CreateResponse>((done) => client.create(request, done));
    await expect(failing).rejects.toMatchObject({ code: grpc.status.UNKNOWN, details: "no room" });
  });

  it("tells an object that is gone from one without fields", async () => {
    const read = (id: string) =>
      call<proto.ReadResponse>((done) => client.read(new proto.ReadRequest().setId(id), done));
    expect((await read("gone")).hasProperties()).toBe(false);
    expect((await read("x")).hasProperties()).toBe(true);
  });

  it("says which method is not implemented, and reads what there is", async () => {
    await expect(
      call<proto.UpdateResponse>((done) => client.update(new proto.UpdateRequest(), done)),
    ).rejects.toMatchObject({
      code: grpc.status.UNIMPLEMENTED,
      details: "Update is not implemented by this stand-in plugin",
    });
    const read = await call<proto.ReadResponse>((done) =>
      client.read(new proto.ReadRequest().setId("x").setProperties(struct({ a: 1 })), done),
    );
    expect([read.getId(), read.getProperties()?.toJavaScript()]).toEqual(["x", { a: 1 }]);
  });

  it("passes a cancellation on", async () => {
    await call<emptyProto.Empty>((done) => client.cancel(new emptyProto.Empty(), done));
    expect(calls["cancelled"]).toBe(true);
  });
});
