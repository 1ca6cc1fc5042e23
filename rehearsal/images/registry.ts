import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { closing } from "../kit/closing.ts";
import { manifestType } from "./manifest.ts";
import { imageFor } from "./names.ts";
import { blobFile, readIndex } from "./store.ts";

/** Where a registry listens, and what it has. */
export interface RegistryArgs {
  /** Address, e.g. `127.0.0.1`. */
  readonly host: string;
  /** Port; 0: any that is free. */
  readonly port: number;
  /** The store of images. */
  readonly folder: string;
  /**
   * Mirrors that it stands for, e.g. `registry.example.com/mirror`: there, images have the paths that they have in their
   * own registries.
   */
  readonly mirrors?: readonly string[];
}

/** What there is to be read, under the type that it has. */
interface Found {
  readonly digest: string;
  readonly type: string;
}

/** What is wrong, by the code that the protocol has for it. */
interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/**
 * A registry of the images in a store, which may be made anew meanwhile: nobody can write to it, and all can read. A
 * client says with `?ns=` whose registry it takes it for, as containerd does with a mirror; else the path may begin with
 * that.
 */
export async function startRegistry(
  args: RegistryArgs,
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(args, request, response).catch(() => {
      // The client has gone, or the file: what it got is too short, and it will notice.
      response.destroy();
    });
  });
  const stop = closing(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(args.port, args.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop };
}

async function answer(args: RegistryArgs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
  const { method = "", url = "" } = request;
  if (method !== "GET" && method !== "HEAD") {
    refuse(response, { status: 405, code: "UNSUPPORTED", message: "this registry can only be read" });
    return;
  }
  const { pathname, searchParams } = new URL(url, "http://registry");
  if (pathname === "/v2/" || pathname === "/v2") {
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    return;
  }
  const found = find(args, pathname, searchParams.get("ns"));
  if ("code" in found) refuse(response, found);
  else await send(args.folder, found, method, response);
}

const asked = /^\/v2\/(?<path>.+)\/(?<kind>manifests|blobs)\/(?<reference>[^/]+)$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

function find(
  { folder, mirrors = [] }: RegistryArgs,
  pathname: string,
  registry: string | null,
): Found | Refusal {
  const { path, kind, reference } = asked.exec(pathname)?.groups ?? {};
  if (path === undefined || reference === undefined)
    return { status: 404, code: "NAME_UNKNOWN", message: `${pathname} is nothing that this registry has` };
  const repository = registry === null ? path : `${registry}/${path}`;
  const isThere = (digest: string): boolean =>
    statSync(blobFile(folder, digest), { throwIfNoEntry: false }) !== undefined;
  if (kind === "blobs")
    return digestPattern.test(reference) && isThere(reference)
      ? { digest: reference, type: "application/octet-stream" }
      : { status: 404, code: "BLOB_UNKNOWN", message: `${repository} has no ${reference} here` };
  const image = imageFor(readIndex(folder), { repository, reference }, mirrors);
  return image !== undefined && isThere(image.digest)
    ? { digest: image.digest, type: manifestType }
    : {
        status: 404,
        code: "MANIFEST_UNKNOWN",
        message: `the rehearsal has no image ${repository}${reference.includes(":") ? "@" : ":"}${reference}`,
      };
}

async function send(
  folder: string,
  { digest, type }: Found,
  method: string,
  response: ServerResponse,
): Promise<void> {
  const file = blobFile(folder, digest);
  response.writeHead(200, {
    "Content-Type": type,
    "Content-Length": statSync(file).size,
    "Docker-Content-Digest": digest,
  });
  if (method === "HEAD") response.end();
  else await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), response);
}

function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  const body = JSON.stringify({ errors: [{ code, message }] });
  response
    .writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      ...(status === 405 ? { Allow: "GET, HEAD" } : {}),
    })
    .end(body);
}
