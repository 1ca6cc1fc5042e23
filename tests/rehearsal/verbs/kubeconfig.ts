import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { paths } from "../../../rehearsal/kit/paths.ts";
import { whileLocked } from "../../../cli/kubeconfig/lock-file.ts";
import { factsOf, rehearse } from "../support/rehearsal.ts";

const contexts = ["devmgmt", "devcluster1", "devcluster2"];

export function kubeconfigTests(): void {
  describe("kubeconfig", () => {
    let folder = "";
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
    });
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });
    const at = (name: string): string => join(folder, name);

    const kubectl = (file: string, ...args: string[]) =>
      promisify(execFile)(join(paths.bin, "kubectl"), ["--kubeconfig", file, ...args]);
    /** A kubeconfig with a context of the user's, as kubectl writes it. */
    async function mine(name: string): Promise<string> {
      await kubectl(at(name), "config", "set-cluster", "work", "--server", "https://192.0.2.1:6443");
      await kubectl(at(name), "config", "set-credentials", "me", "--username", "me");
      await kubectl(at(name), "config", "set-context", "work", "--cluster", "work", "--user", "me");
      await kubectl(at(name), "config", "use-context", "work");
      return readFileSync(at(name), "utf8");
    }
    async function refused(...args: string[]): Promise<string> {
      const { code, output } = await rehearse("lab", "--", "kubeconfig", ...args);
      expect(code, output).toBe(1);
      return output;
    }

    it("has a context for each cluster, with which kubectl reaches it, beside what was there", async () => {
      const before = await mine("config");
      expect(await factsOf("kubeconfig", "--kubeconfig", at("config"))).toEqual({
        file: at("config"),
        contexts,
        removed: [],
        current: "work",
      });
      expect(statSync(at("config")).mode & 0o777).toBe(0o600);
      const { stdout } = await kubectl(at("config"), "config", "get-contexts", "--output", "name");
      expect(stdout.trim().split("\n").sort()).toEqual(["work", ...contexts].sort());
      for (const context of contexts) {
        const { stdout: pods } = await kubectl(at("config"), "--context", context, "get", "pods", "-A");
        expect(pods).toContain(context === "devmgmt" ? "gloo-mesh-mgmt-server" : "istiod");
      }

      expect(await factsOf("kubeconfig", "--kubeconfig", at("config"), "--use", "devcluster1")).toMatchObject(
        {
          current: "devcluster1",
        },
      );
      // What kubectl makes of it when it writes it itself is still known to be the lab's.
      await kubectl(at("config"), "config", "use-context", "work");
      const [gone] = await factsOf<{ removed: string[]; current: string }[]>(
        "kubeconfig",
        "--kubeconfig",
        at("config"),
        "--remove",
      );
      expect(gone?.removed.sort()).toEqual([...contexts].sort());
      expect(gone?.current).toBe("work");
      expect(readFileSync(at("config"), "utf8")).toBe(before);
    });

    it("does as it is told once more, and prints nothing that is secret", async () => {
      const { code, output } = await rehearse("lab", "--", "kubeconfig", "--kubeconfig", at("fresh/config"));
      expect(code).toBe(0);
      expect(output).toContain(
        `${at("fresh/config")} has contexts ${contexts.join(", ")}; the current one is devmgmt.`,
      );
      expect(output).not.toMatch(/[A-Za-z0-9+/]{60}/);
    });

    it("keeps to kubectl's locks, and kubectl to its own", async () => {
      await mine("locked");
      const lock = `${at("locked")}.lock`;
      writeFileSync(lock, "");
      await expect(kubectl(at("locked"), "config", "use-context", "work")).rejects.toThrow(lock);
      expect(await refused("--kubeconfig", at("locked"))).toContain(
        `${lock} is there for more than 10 s, made by another program, such as kubectl or kind, which hold theirs for milliseconds.`,
      );
      rmSync(lock);
      expect(await whileLocked([at("locked")], () => statSync(lock).isFile())).toBe(true);
    });

    it("leaves alone what is not the lab's", async () => {
      await mine("other");
      await kubectl(at("other"), "config", "set-cluster", "devmgmt", "--server", "https://192.0.2.2:6443");
      const before = readFileSync(at("other"), "utf8");
      expect(await refused("--kubeconfig", at("other"))).toContain(
        `${at("other")} has cluster devmgmt from elsewhere`,
      );
      expect(readFileSync(at("other"), "utf8")).toBe(before);
      expect(await factsOf("kubeconfig", "--kubeconfig", at("other"), "--force")).toMatchObject({ contexts });
    });

    it("says what is wrong with a file", async () => {
      writeFileSync(at("broken"), "users:\n- name: me\n  user: {client-key-data: c2VjcmV0\n");
      const broken = await refused("--kubeconfig", at("broken"));
      expect(broken).toContain(`${at("broken")} is no kubeconfig: its line 4 is no YAML`);
      expect(broken).not.toContain("c2VjcmV0");

      await mine("read-only");
      chmodSync(at("read-only"), 0o400);
      expect(await refused("--kubeconfig", at("read-only"))).toContain(
        `${at("read-only")} is read-only: chmod u+w it`,
      );
      expect(await refused("--kubeconfig", at("broken/config"))).toContain("its folder is no folder");
      const nowhere = await rehearse(
        "lab",
        "--",
        "kubeconfig",
        "--kubeconfig",
        at("fresh/config"),
        "--use",
        "nowhere",
      );
      expect(nowhere.code).toBe(2);
      expect(nowhere.output).toContain(
        "The lab has no context nowhere; it has devmgmt, devcluster1, devcluster2.",
      );
    });

    it("is asked for one thing at a time", async () => {
      expect((await rehearse("lab", "--", "kubeconfig", "--remove", "--force")).code).toBe(2);
    });
  });
}
