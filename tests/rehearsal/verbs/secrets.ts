import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { rehearsalDir } from "../../../rehearsal/kit/paths.ts";
import { secrets } from "../support/secrets.ts";

/** What is secret by its nature: keys, kubeconfigs, the passphrase, the state, and the clusters' data. */
const isSecret = (file: string): boolean =>
  /(^|\/)((pki|state|etcd)\/|(kubeconfig|passphrase)$)/.test(relative(rehearsalDir, file));

/** What a key, a kubeconfig or a token looks like, whoever has made it. */
const signs = [
  /client-key-data/,
  /PRIVATE KEY/,
  /LS0tLS1CRUdJTi[\w+/]*UFJJVkFURSBLRV/,
  /\beyJ[\w-]+\.eyJ[\w-]+\.\w/,
];

const isPublic = (text: string): boolean => /BEGIN CERTIFICATE|^LS0tLS1CRUdJTiBDRVJU/.test(text);

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

/** After everything that was done with the lab. */
export function secretsTests(): void {
  describe("keys, kubeconfigs, tokens and the license", () => {
    it("are in no file that is not one of them, such as a log", async () => {
      // Short ones are words that are everywhere.
      const known = (await secrets()).filter((text) => text.length >= 16 && !isPublic(text));
      expect(known.length).toBeGreaterThan(30);
      const others = filesIn(rehearsalDir).filter((file) => !isSecret(file));
      expect(others.map((file) => relative(rehearsalDir, file))).toEqual(
        expect.arrayContaining([
          "logs/up.events.ndjson",
          "logs/supervisor.log",
          "logs/host.kube-apiserver.log",
        ]),
      );
      const telling = others.flatMap((file) => {
        const text = readFileSync(file, "utf8");
        const places = [
          ...known.map((secret) => text.indexOf(secret)),
          ...signs.map((sign) => text.search(sign)),
        ].filter((place) => place >= 0);
        // What it is called, and not what it is.
        return places.map((place) => `${file}: ${text.slice(Math.max(0, place - 60), place)}`);
      });
      expect(telling).toEqual([]);
    });

    it("are for their owner alone", () => {
      const own = filesIn(rehearsalDir).filter(isSecret);
      expect(own.length).toBeGreaterThan(30);
      const open = own.filter((file) => (statSync(file).mode & 0o077) !== 0);
      expect(open).toEqual([]);
    });
  });
}
