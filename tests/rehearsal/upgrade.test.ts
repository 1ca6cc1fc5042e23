import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPki } from "../../rehearsal/host/base/pki.ts";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { checkout } from "./support/checkout.ts";
import type { PreviewStep } from "./support/plan.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

/**
 * State of a lab that an earlier program made, of the configuration below: `pulumi stack export --show-secrets`, with keys,
 * certificates and passwords replaced, and without the places in its sources. Its clusters are gone.
 */
const state = join(import.meta.dirname, "plan", "earlier-state.json");
const lab = {
  management: { name: "devmgmt" },
  workloads: [
    { name: "devcluster1", bookinfo: { reviews: ["v1", "v2"] } },
    { name: "devcluster2", bookinfo: { reviews: ["v1", "v2", "v3"] } },
  ],
  capabilities: { oidc: true, rateLimiting: true, trafficSplitting: true },
};

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A state as Pulumi exports it. */
interface State {
  readonly deployment: { readonly secrets_providers?: object };
}

const project = checkout({ dev: lab });
interface Step extends PreviewStep {
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
}

const directory = join(rehearsalDir, "upgrade");
const { rehearse, rehearsed } = rehearsalIn(directory, { STACK: "dev" }, project.directory);

beforeAll(async () => {
  await rehearsed("reset");
});
afterAll(async () => {
  await rehearsed("reset");
  project.remove();
});

it("a lab of an earlier program is taken over as it stands: steps run again where their scripts are now", async () => {
  // Makes the stack.
  await rehearsed("preview");
  const own = JSON.parse((await rehearsed("pulumi", "--", "stack", "export")).stdout) as State;
  const { cert, key } = await (
    await openPki(join(project.directory, "pki")).authority("earlier")
  ).issue("admin", { commonName: "admin" });
  const earlier = JSON.parse(
    readFileSync(state, "utf8")
      .replaceAll(base64("recorded certificate\n"), base64(cert))
      .replaceAll(base64("recorded key\n"), base64(key))
      .replaceAll(".rehearsal/charts", relative(project.directory, join(directory, "charts"))),
  ) as State;
  const { secrets_providers } = own.deployment;
  const file = join(project.directory, "state.json");
  writeFileSync(
    file,
    JSON.stringify({ ...earlier, deployment: { ...earlier.deployment, secrets_providers } }),
  );
  await rehearsed("pulumi", "--", "stack", "import", "--file", file);
  const { stdout } = await rehearsed("preview", "--", "--json");
  const { steps, changeSummary } = JSON.parse(stdout) as {
    readonly steps: readonly Step[];
    readonly changeSummary: Readonly<Record<string, number>>;
  };
  const changes = steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn, detailedDiff }) => {
      const [, , types = "", name = ""] = urn.split("::");
      const what = op === "create" ? name : Object.keys(detailedDiff ?? {}).join(", ");
      return `${op} ${types.split("$").at(-1) ?? ""}: ${what}`;
    });
  expect(new Set(changes)).toEqual(
    new Set([
      "create meshlab:gloo:ManagementCluster: lab-devmgmt",
      "update command:local:Command: interpreter[1]",
      // The state does not know it yet.
      "update meshlab:lab:Lab: ",
    ]),
  );
  expect(changeSummary).toEqual({ create: 1, update: 15, same: 106 });
});

it("a lab of an earlier program is the article's, and does not become one of today", async () => {
  project.configure("dev", { ...lab, versionSet: "current" });
  const { code, output } = await rehearse("preview");
  expect(code).not.toBe(0);
  expect(output).toContain(
    "this stack's lab was made with versionSet article, and cannot become one of current. To go on with it: set versionSet to article in Pulumi.dev.yaml. For a lab of current: make rehearse-down first, or make a new stack. Nothing has been changed.",
  );
});
