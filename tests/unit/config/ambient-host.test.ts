import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { findHost } from "../../../config/ambient-host.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "host-"));
  file = join(folder, "config");
  vi.stubEnv("KUBECONFIG", file);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const server = "https://127.0.0.1:6443";

/** Writes a kubeconfig with contexts, each of a cluster. */
const write = (contexts: Readonly<Record<string, string>>, current?: string): void => {
  writeFileSync(
    file,
    stringify({
      clusters: Object.values(contexts).map((name) => ({ name, cluster: { server } })),
      contexts: Object.entries(contexts).map(([name, cluster]) => ({
        name,
        context: { cluster, user: "u" },
      })),
      ...(current === undefined ? {} : { "current-context": current }),
    }),
  );
};

const mistakes = (hostContext?: string): string[] =>
  findHost(hostContext, ["devmgmt", "east"]).mistakes.map(({ path, message }) => `${path}: ${message}`);

describe("the host where none is named", () => {
  it("is that of the current context", () => {
    write({ "kind-lab": "kind" }, "kind-lab");
    expect(findHost(undefined, ["east"])).toEqual({
      host: { context: "kind-lab", cluster: "kind", server },
      mistakes: [],
    });
  });

  it("is never the rehearsal's", () => {
    write({ host: "mesh-lab-rehearsal" }, "host");
    expect(mistakes()).toEqual([
      'hostContext: it is not set, and the current context "host" is the rehearsal\'s: name the context of the host',
    ]);
  });

  it("is no cluster of the lab itself", () => {
    write({ east: "c" }, "east");
    expect(mistakes()).toEqual([
      'hostContext: it is not set, and the current context "east" is a cluster of this lab: name the context of the host',
    ]);
  });

  it.each([
    ["there is no kubeconfig", () => undefined],
    [
      "there is one without a current context",
      () => {
        write({ one: "c" });
      },
    ],
  ])("must be there: %s", (_, given) => {
    given();
    expect(findHost(undefined, [])).toEqual({
      isNowhere: true,
      mistakes: [
        {
          path: "hostContext",
          message:
            "it is not set, and there is no kubeconfig with a current context: name a context, or set KUBECONFIG",
        },
      ],
    });
  });

  it("is not that of a current context that is gone", () => {
    write({ kind: "c" }, "gone");
    expect(mistakes()).toEqual([`hostContext: ${file} has no context "gone"; it has: kind`]);
  });
});

describe("the host that is named", () => {
  it("is that of its context, whichever is the current one, the lab's own names among them", () => {
    write({ east: "c", other: "d" }, "other");
    expect(findHost("east", ["east"])).toEqual({
      host: { context: "east", cluster: "c", server },
      mistakes: [],
    });
  });

  it("must be there: with a typo it is not", () => {
    write({ "kind-lab": "c", other: "d" });
    expect(mistakes("kind-lib")).toEqual([
      `hostContext: ${file} has no context "kind-lib"; did you mean "kind-lab"? It has: kind-lab, other`,
    ]);
  });

  it("may be nowhere, which a preview takes", () => {
    expect(findHost("kind-lab", [])).toEqual({
      isNowhere: true,
      mistakes: [{ path: "hostContext", message: `there is no kubeconfig: ${file} does not exist` }],
    });
  });

  it("is not looked for in a file that is no kubeconfig", () => {
    writeFileSync(file, "{");
    expect(findHost("kind-lab", [])).toEqual({
      mistakes: [
        {
          path: "hostContext",
          message: expect.stringMatching(/config is no kubeconfig: its line 1 is no YAML/) as string,
        },
      ],
    });
  });
});
