import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { checkout } from "../rehearsal/support/checkout.ts";

// Beside others that look at the sources meanwhile.
const { directory: root, remove } = checkout();
afterAll(remove);

const written: string[] = [];
afterEach(() => {
  for (const file of written.splice(0)) rmSync(file);
});

/** What `make layers` says when there is another file beside those that there are; undefined: it is content. */
async function complaintAbout(file: string, text: string): Promise<string | undefined> {
  const path = join(root, file);
  written.push(path);
  writeFileSync(path, text, { flag: "wx" });
  const args = ["--config", ".dependency-cruiser.js", "--output-type", "err-long", file];
  try {
    await promisify(execFile)("depcruise", args, { cwd: root });
    return undefined;
  } catch (error) {
    // In lines as wide as a terminal.
    return (error as { stdout: string }).stdout.replace(/\s+/g, " ");
  }
}

describe("an import against the layers", () => {
  it.each([
    [
      "values/broken.ts",
      'export { checkSettings } from "../config/check.ts";\n',
      "values/ may import versions/, schema/ only.",
    ],
    [
      "steps/broken.ts",
      'export type { CheckedSettings } from "../config/settings.ts";\n',
      "steps/ may import kubernetes/, values/, versions/ only.",
    ],
    [
      "cli/broken.ts",
      'export { root } from "../rehearsal/kit/paths.ts";\n',
      "cli/ may import plan/, config/, kubernetes/, capabilities/, values/, schema/, versions/, messages/ only.",
    ],
    [
      "messages/broken.ts",
      'export { versions } from "../versions/versions.ts";\n',
      "messages/ may import no other folder.",
    ],
  ])("fails with the folders that are allowed: %s", async (file, text, message) => {
    expect(await complaintAbout(file, text)).toContain(message);
  });

  it("is none where it goes the right way", async () => {
    expect(
      await complaintAbout("values/fine.ts", 'export { numberOf } from "../schema/quantity.ts";\n'),
    ).toBeUndefined();
  });

  it("fails where a type leads back, too", async () => {
    const file = "values/circle.ts";
    const back = join(root, "values/circle-back.ts");
    written.push(back);
    writeFileSync(back, 'import type { A } from "./circle.ts";\nexport type B = A | undefined;\n', {
      flag: "wx",
    });
    expect(
      await complaintAbout(
        file,
        'import type { B } from "./circle-back.ts";\nexport interface A {\n  readonly b: B;\n}\n',
      ),
    ).toContain("no-circle-of-files");
  });
});
