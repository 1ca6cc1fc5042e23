import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { rehearsalDir } from "../../kit/paths.ts";
import type { Sources } from "../../images/sources.ts";

const names = [
  "bookinfo",
  "coredns",
  "envoy",
  "etcd",
  "kine",
  "kube-apiserver",
  "kube-controller-manager",
  "nft",
  "pause",
  "pilot-agent",
  "pilot-discovery",
  "request",
  "vcluster",
  "gloo-mesh",
];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A place of a test's own, which is gone after all tests of its file. */
export function newFolder(): string {
  mkdirSync(rehearsalDir, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(rehearsalDir, "images-"));
  folders.push(folder);
  return folder;
}

/** All that images are made of, as small texts. */
export function newSources(): Sources {
  const bin = newFolder();
  for (const name of names) writeFileSync(join(bin, name), `program ${name}`, { mode: 0o755 });
  writeFileSync(join(bin, "busybox"), "#!/bin/sh\nprintf 'busybox\\nls\\nsh\\n'\n", { mode: 0o755 });
  writeFileSync(join(bin, "bootstrap.json"), "{}");
  return { bin, nft: join(bin, "nft"), libraries: [], envoyBootstrap: join(bin, "bootstrap.json") };
}
