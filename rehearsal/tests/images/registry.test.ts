import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeImages } from "../../images/make.ts";
import { startRegistry } from "../../images/registry.ts";
import { readIndex } from "../../images/store.ts";
import { imagesOf } from "../../images/table.ts";
import { newFolder, newSources } from "./sources.ts";

const [folder, sources] = [newFolder(), newSources()];
const make = () => makeImages(() => undefined, sources, imagesOf(), folder);
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  await make();
  registry = await startRegistry({
    host: "127.0.0.1",
    port: 0,
    folder,
    mirrors: ["registry.example.com/mirror"],
  });
});
afterAll(() => registry.stop());

const ask = (path: string, method = "GET") => fetch(`http://127.0.0.1:${registry.port}${path}`, { method });
const sha = (content: ArrayBuffer) =>
  `sha256:${createHash("sha256").update(Buffer.from(content)).digest("hex")}`;

interface Manifest {
  readonly config: Stored;
  readonly layers: readonly Stored[];
}
interface Stored {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const proxy = "/v2/istio/proxyv2/manifests/1.30.3?ns=docker.io";

describe("the registry of a node", () => {
  it("is one", async () => {
    expect((await ask("/v2/")).status).toBe(200);
  });

  it("gives a manifest by its tag, and the same by its digest", async () => {
    const answer = await ask(proxy);
    const digest = answer.headers.get("docker-content-digest");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/vnd.oci.image.manifest.v1+json");
    const content = await answer.arrayBuffer();
    expect(answer.headers.get("content-length")).toBe(String(content.byteLength));
    expect(sha(content)).toBe(digest);
    const again = await ask(`/v2/istio/proxyv2/manifests/${digest ?? ""}?ns=docker.io`);
    expect(await again.arrayBuffer()).toEqual(content);
    const head = await ask(proxy, "HEAD");
    expect([head.status, head.headers.get("docker-content-digest")]).toEqual([200, digest]);
    expect(head.headers.get("content-length")).toBe(String(content.byteLength));
    expect(await head.text()).toBe("");
  });

  it("gives all that an image has, under its digest", async () => {
    const manifest = (await (await ask(proxy)).json()) as Manifest;
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(
      Array.from({ length: 4 }, () => "application/vnd.oci.image.layer.v1.tar"),
    );
    for (const { digest, size } of [manifest.config, ...manifest.layers]) {
      const answer = await ask(`/v2/istio/proxyv2/blobs/${digest}?ns=docker.io`);
      const content = await answer.arrayBuffer();
      expect([sha(content), content.byteLength]).toEqual([digest, size]);
      expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    }
    const config: unknown = await (await ask(`/v2/istio/proxyv2/blobs/${manifest.config.digest}`)).json();
    expect(config).toMatchObject({
      os: "linux",
      config: { Entrypoint: ["/usr/local/bin/pilot-agent"], WorkingDir: "/" },
      rootfs: { type: "layers", diff_ids: manifest.layers.map(({ digest }) => digest) },
    });
  });

  it.each([
    ["another registry", "/v2/istio/proxyv2/manifests/1.30.3?ns=quay.io"],
    ["another tag", "/v2/istio/proxyv2/manifests/1.30.4?ns=docker.io"],
    ["another image", "/v2/library/alpine/manifests/latest?ns=docker.io"],
    ["another mirror", "/v2/other/istio/proxyv2/manifests/1.30.3?ns=registry.example.com"],
    ["a digest of none", `/v2/istio/proxyv2/manifests/sha256:${"0".repeat(64)}?ns=docker.io`],
    ["a digest that leads elsewhere", "/v2/istio/proxyv2/manifests/sha256:..%2f..%2findex.json"],
  ])("has no manifest of %s", async (_, path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toMatchObject({ errors: [{ code: "MANIFEST_UNKNOWN" }] });
  });

  it("says which image it does not have", async () => {
    expect(await (await ask("/v2/library/alpine/manifests/3?ns=docker.io")).json()).toEqual({
      errors: [
        { code: "MANIFEST_UNKNOWN", message: "the rehearsal has no image docker.io/library/alpine:3" },
      ],
    });
  });

  it("takes no layer for a manifest, and no file for a layer", async () => {
    const { layers } = (await (await ask(proxy)).json()) as Manifest;
    expect((await ask(`/v2/istio/proxyv2/manifests/${layers[0]?.digest ?? ""}`)).status).toBe(404);
    for (const name of [`sha256:${"0".repeat(64)}`, "sha256:..%2f..%2findex.json", "index.json"])
      expect(await (await ask(`/v2/istio/proxyv2/blobs/${name}`)).json()).toMatchObject({
        errors: [{ code: "BLOB_UNKNOWN" }],
      });
    expect(await (await ask("/v2/istio/proxyv2/tags/list")).json()).toMatchObject({
      errors: [{ code: "NAME_UNKNOWN" }],
    });
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])("refuses %s", async (method) => {
    const answer = await ask(proxy, method);
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(await answer.json()).toMatchObject({ errors: [{ code: "UNSUPPORTED" }] });
  });

  it.each([
    ["a mirror", "/v2/mirror/istio/proxyv2/manifests/1.30.3?ns=registry.example.com"],
    [
      "a mirror of another registry",
      "/v2/mirror/loft-sh/kubernetes/manifests/v1.35.0?ns=registry.example.com",
    ],
    ["nobody, with the registry in the path", "/v2/docker.io/istio/proxyv2/manifests/1.30.3"],
    ["nobody, for what is on Docker Hub", "/v2/istio/proxyv2/manifests/1.30.3"],
  ])("stands for %s", async (_, path) => {
    expect((await ask(path)).status).toBe(200);
  });

  it("has what is made meanwhile", async () => {
    writeFileSync(join(sources.bin, "envoy"), "another envoy");
    await make();
    expect((await ask(proxy)).headers.get("docker-content-digest")).toBe(
      readIndex(folder).images["docker.io/istio/proxyv2:1.30.3"]?.digest,
    );
  });
});
