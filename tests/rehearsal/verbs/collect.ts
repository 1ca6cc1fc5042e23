import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { until } from "../../../rehearsal/kit/until.ts";
import { rehearsalDir } from "../../../rehearsal/kit/paths.ts";
import { killProcess } from "../support/faults.ts";
import { cluster, factsOf, rehearse } from "../support/rehearsal.ts";
import { secrets } from "../support/secrets.ts";

interface Facts {
  readonly archive: string;
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

const place = mkdtempSync(join(tmpdir(), "collect-"));

/** Files of an archive by their name in it, read by the tar that everybody has. */
function contents(archive: string): Map<string, string> {
  const target = mkdtempSync(join(place, "read-"));
  execFileSync("tar", ["-xzf", archive, "-C", target]);
  const [folder = ""] = readdirSync(target);
  const inside = join(target, folder);
  return new Map(
    readdirSync(inside, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(inside.length + 1), readFileSync(path, "utf8")];
      }),
  );
}

export function collectTests(): void {
  describe("collect", () => {
    afterAll(() => {
      rmSync(place, { recursive: true });
    });
    const output = ["--output", place];

    it("has the reason why a pod does not run, and no secret", async () => {
      const { core } = cluster("devcluster1");
      const env = [
        { name: "DATABASE_PASSWORD", value: "opensesame" },
        { name: "COLOUR", value: "ultramarine" },
      ];
      const container = { name: "main", image: "large", env, resources: { requests: { cpu: "1000" } } };
      const body = { metadata: { name: "too-large" }, spec: { containers: [container] } };
      await core.createNamespacedPod({ namespace: "default", body });
      const pod = async () => core.readNamespacedPod({ namespace: "default", name: "too-large" });
      await until(
        async () => JSON.stringify((await pod()).status).includes("Insufficient cpu"),
        60,
        () => "the pod is not told that there is no room for it",
      );
      try {
        const log = join(rehearsalDir, "logs", "up.events.ndjson");
        const { archive, files, problems } = await factsOf<Facts>("collect", ...output, "--log", log);
        expect(archive).toMatch(/\/mesh-lab-dev-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.tgz$/);
        expect(statSync(archive).mode & 0o777).toBe(0o600);
        const found = contents(archive);
        expect([...found.keys()].sort()).toEqual(files);

        const reason = /default: Pod too-large is on no node: .*Insufficient cpu/;
        expect(problems.filter((problem) => reason.test(problem))).not.toEqual([]);
        expect(found.get("summary.txt")).toMatch(reason);
        const unready = found.get("devcluster1/unready-pods.yaml") ?? "";
        expect(unready).toContain("Insufficient cpu");
        expect(unready).toContain("ultramarine");
        expect(unready).not.toContain("opensesame");
        expect(found.get("host/events.txt")).toContain("FailedScheduling");
        expect(found.get("devmgmt/releases.yaml")).toContain("status: deployed");
        expect(found.get("log/up.events.ndjson")).toContain("resourcePreEvent");
        expect(found.get("pulumi/resources.txt")).toContain("lab-devmgmt-gloo-mesh-release");

        const known = await secrets();
        expect(known.length).toBeGreaterThan(30);
        for (const [name, text] of found) {
          const told = known.filter((secret) => text.includes(secret));
          expect(told, name).toEqual([]);
        }
      } finally {
        await core.deleteNamespacedPod({ namespace: "default", name: "too-large" });
      }
    });

    it("ends in time where a cluster does not answer, and says so", { timeout: 240_000 }, async () => {
      killProcess(rehearsalDir, "devcluster2.kube-apiserver", "SIGSTOP");
      try {
        const { archive, problems } = await factsOf<Facts>("collect", ...output);
        const silence = /devcluster2: not looked at: .*(Timeout|no answer|not answer)/;
        expect(problems.filter((problem) => silence.test(problem))).toHaveLength(1);
        const found = contents(archive);
        expect(found.get("summary.txt")).toMatch(silence);
        expect(found.get("devcluster2/missing.txt")).toMatch(/^not looked at: /);
        expect(found.get("devcluster1/pods.txt")).toContain("productpage-v1");
        expect(found.get("host/pods.txt")).toContain("devcluster2-0");
      } finally {
        killProcess(rehearsalDir, "devcluster2.kube-apiserver", "SIGCONT");
      }
    });

    it("begins nothing where it could not write, nor without what is to go in", async () => {
      const file = join(place, "file");
      writeFileSync(file, "");
      for (const [args, message] of [
        [["--output", join(place, "nowhere")], `There is no directory ${join(place, "nowhere")} to write to`],
        [["--output", file], `There is no directory ${file} to write to`],
        [["--output", place, "--log", join(place, "nothing.log")], "nothing.log could not be read"],
      ] as const) {
        const { code, output: said } = await rehearse("lab", "--", "collect", ...args);
        expect(said).toContain(message);
        expect(code).toBe(2);
      }
    });
  });
}
