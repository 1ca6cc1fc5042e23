import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../rehearsal/kit/paths.ts";

/** Folders that say something to users. */
const saying = ["cli", "components", "config", "kubernetes", "plan", "schema", "steps", "values"];

const sources = saying.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, folder, file), "utf8")),
);

const inserted = /\$\{(?:[^{}]|\{[^{}]*\})*\}/g;

/** Commands that are printed as what mends something, with X for what is inserted. */
function advised(): Set<string> {
  const found = sources.flatMap((text) => [
    ...[...text.matchAll(/\b(pulumi|lab)Command\(\s*(["`])(.*?)\2/gs)].map(
      ([, program = "", , call = ""]) => `${program} ${call.replaceAll(inserted, "X")}`,
    ),
    ...[...text.matchAll(/\bsetting\(\s*["`]([^"`]+)["`]/g)].map(
      ([, key = ""]) => `set ${key.replaceAll(inserted, "X")}`,
    ),
    ...[
      ...text.matchAll(
        /kubectl [^`"\n]*?\b(annotate|apply|delete|edit|label|patch|rollout|scale|taint|wait)\b/g,
      ),
    ].map(([, verb = ""]) => `kubectl ${verb}`),
  ]);
  return new Set(found);
}

const faults = "tests/rehearsal/host-faults.test.ts";
const pause = "tests/rehearsal/verbs/pause.ts";
const stacks = "tests/unit/cli/stacks.test.ts";
const walk = "tests/rehearsal/walk-through.test.ts";

/** For each, the test that does as it says, and where that is. */
const followed: Readonly<Record<string, readonly [file: string, test: string]>> = {
  "pulumi up": [faults, "gets back what was deleted of a release, by a run without any other change"],
  "pulumi up --refresh": [faults, "gets back what was deleted beside releases, by a run that refreshes"],
  "pulumi destroy": [faults, "says what the cluster does not let go of, and leaves nothing when it does"],
  "pulumi stack select NAME": [stacks, "that the project does not have is told with those that there are"],
  "pulumi stack init X": [stacks, "that the project does not have is told with those that there are"],
  "pulumi stack change-secrets-provider --help": [stacks, "has secrets that another passphrase, or none"],
  "lab rebuild X": [
    faults,
    "is said to have other clusters than the stack knows, and rebuild makes these again",
  ],
  "lab rebuild X --force": [faults, "is said to have other clusters than the stack knows"],
  "lab resume": [pause, "ends with every pod ready again, and nothing left to do"],
  "lab resume X": ["tests/rehearsal/verbs/status.ts", "names what of a cluster is missing on the host"],
  "lab pause X": [pause, "does nothing the second time"],
  "lab status": [faults, "says what the cluster does not let go of, and leaves nothing when it does"],
  "lab doctor": ["tests/rehearsal/doctor-hosts.test.ts", "finds a host too small"],
  "lab pods X": ["tests/rehearsal/verbs/pods.ts", "has each pod of a virtual cluster"],
  "lab graph --output X/lab.svg": [walk, "npm run lab -- graph"],
  "set capabilities.X": [
    "tests/rehearsal/capabilities.test.ts",
    "are tried as far as simulated nodes allow it",
  ],
  "set renew": [faults, "is reached where its gateway is now, once renew is set as verify says"],
  "set licenseKey": [stacks, "has secrets that another passphrase, or none"],
  "set serviceCidr": ["tests/rehearsal/doctor-hosts.test.ts", "misses a storage class, and a range"],
  "set hostContext": [
    "tests/rehearsal/verbs/status.ts",
    "tells of a cluster that is not there, and of a host",
  ],
  "kubectl scale": ["tests/rehearsal/verbs/verify.ts", "finds a gateway without pods"],
  "kubectl label": [faults, "is told what of the host refuses its pods, and comes back when that is changed"],
};

/** Those that no test can follow here, and why. */
const notFollowed: Readonly<Record<string, string>> = {
  "pulumi destroy --stack ITS_STACK": "it is of another stack's lab, and a rehearsed host has room for one",
  "pulumi plugin install resource X X --file ARCHIVE": "there are no archives of plugins to be had",
  "set oidcClientSecret": "it is the secret of an identity provider outside",
  "set imagePullSecret": "no image is pulled",
  "set versionSet": "a simulated host has one set of versions",
  "kubectl delete":
    "it deletes what belongs to others, or a certificate, which the simulated agent asks for again anyway",
  "kubectl edit": "it opens an editor; what stands in the way like this is tried with a label",
  "kubectl rollout":
    "simulated proxies have no older image beside the lab's own pods, which it restarts itself",
  "kubectl taint": "every simulated node has the architecture of the images",
  "kubectl wait": "what it waits for ends by itself",
};

describe("advice", () => {
  it("is followed by a test, each command of it", () => {
    const known = [...Object.keys(followed), ...Object.keys(notFollowed)];
    expect([...advised()].sort()).toEqual(known.sort());
  });

  it.each(Object.entries(followed))("%s is followed", (_, [file, test]) => {
    expect(readFileSync(join(root, file), "utf8")).toContain(test);
  });
});
