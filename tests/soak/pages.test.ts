import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { CapabilityName } from "../../capabilities/all.ts";
import { paths, rehearsalDir, root } from "../../rehearsal/kit/paths.ts";
import { shellWord } from "../../rehearsal/kit/words.ts";
import { blackStars, gateways, noStars, redStars } from "../rehearsal/support/answers.ts";
import { whileAnswering } from "../rehearsal/support/gateway.ts";
import { rehearsalIn } from "../rehearsal/support/rehearsal.ts";

/** The pages about capabilities, followed word for word in a rehearsal, at a gateway that answers as each needs it. */
const folder = join(root, "docs", "capabilities");
const directory = join(rehearsalDir, "pages");
const { cluster, pulumi, rehearse, rehearsed } = rehearsalIn(directory, { STACK: "dev" });
const bin = join(directory, "page-bin");

/** What each page's own options make of requests. */
const answers: typeof gateways = {
  ...gateways,
  faultInjection: { on: (_, number) => ({ seconds: number % 2 === 0 ? 2.1 : 0 }), off: () => ({}) },
  // Its page turns on errors that are tried again.
  retries: {
    on: (_, number) => ({ status: number % 16 === 0 ? 500 : 200 }),
    off: (_, number) => ({ status: number % 2 === 0 ? 500 : 200 }),
  },
  trafficSplitting: {
    on: (_, number) => ({ body: [redStars, noStars, blackStars][Math.ceil((number % 5) / 2)] ?? noStars }),
    off: () => ({ body: noStars }),
  },
};

/** Commands that need a container, and what they end with on simulated nodes. */
const needContainers = /kubectl .* (logs|run) /;
/** Capabilities that answers of the gateway alone do not show. */
const elsewhere: readonly CapabilityName[] = ["timeouts", "mirroring", "serviceIsolation"];

interface Page {
  readonly name: CapabilityName;
  readonly config: Readonly<Record<string, unknown>>;
  /** The blocks of commands, by the section that they are in. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
}

function pageOf(file: string): Page {
  const sections = readFileSync(join(folder, file), "utf8").split(/^## /m).slice(1);
  const blocks = (text: string, language: string): string[] =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
      ([, block = ""]) => block,
    );
  const commands = Object.fromEntries(
    sections.map((text) => [text.split("\n")[0] ?? "", blocks(text, "sh")]),
  );
  const [yaml = ""] = blocks(sections.find((text) => text.startsWith("Turn it on")) ?? "", "yaml");
  const { config } = parse(yaml) as Pick<Page, "config">;
  const [, name = ""] = /lab -- try (\w+)/.exec(commands["After"]?.join("") ?? "") ?? [];
  return { name: name as CapabilityName, config, commands };
}

const pages = readdirSync(folder).map(pageOf);

/** Runs commands as a page has them. */
function run(script: string, variables: Readonly<Record<string, string>>) {
  return new Promise<{ code: number; output: string }>((resolve) => {
    const env = {
      ...process.env,
      ...variables,
      PATH: [bin, paths.bin, process.env["PATH"]].join(delimiter),
      KUBECONFIG: join(directory, "kubeconfig"),
    };
    const child = execFile("bash", ["-ec", script], { cwd: root, env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

/** What a user calls, in the rehearsal. */
function standIn(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

beforeAll(async () => {
  await rehearsed("reset");
  await rehearsed("up");
  mkdirSync(bin, { recursive: true });
  const driver = `REHEARSAL_DIR=${shellWord(directory)} STACK=dev exec ${shellWord(process.execPath)} rehearsal/main.ts`;
  standIn("pulumi", `[ "$1" = up ] && set -- up --yes --skip-preview\n${driver} pulumi -- "$@"`);
  standIn("npm", `[ "$1 $2 $3" = "run lab --" ] || exit 2\n${driver} lab -- "\${@:4}" --timeout 2`);
  await cluster("host").core.createNode({ body: { metadata: { name: "real" } } });
});
afterAll(async () => {
  await rehearse("reset");
});

describe.each(pages.map((page) => [page.name, page] as const))("the page about %s", (name, page) => {
  const { on, off } = answers[name] ?? { on: () => ({}), off: () => ({}) };
  const outputs = async () =>
    JSON.parse(await pulumi("stack", "output", "--json")) as {
      readonly ingresses: Readonly<Record<string, string>>;
    };

  it("is right: before, on, off", async () => {
    const INGRESS = (await outputs()).ingresses["devcluster1"] ?? "";
    const { hostname } = new URL(INGRESS);
    const { commands, config } = page;
    const all = (section: string) =>
      (commands[section] ?? [])
        .join("")
        .split(/(?<!\\)\n/)
        .filter((line) => line !== "" && !needContainers.test(line));
    const follow = async (section: string, answering = off) => {
      for (const line of all(section).filter((one) => !one.startsWith("npm run lab"))) {
        const { code, output } = await whileAnswering(hostname, answering, () => run(line, { INGRESS }));
        // What finds no line to show says so with 1.
        expect([0, line.includes("grep") ? 1 : 0], `${line}\n${output}`).toContain(code);
      }
    };
    const tried = (answering = on) =>
      whileAnswering(hostname, answering, () => run(`npm run lab -- try ${name}`, {}));

    expect((await tried(off)).output).toContain(`${name} is off: `);
    await follow("Before");

    const file = join(directory, "stack", "Pulumi.dev.yaml");
    const stack = parse(readFileSync(file, "utf8")) as Pick<Page, "config">;
    writeFileSync(file, stringify({ ...stack, config: { ...stack.config, ...config } }));
    await follow("Turn it on");
    await follow("After", on);
    const { code, output } = await tried();
    if (elsewhere.includes(name)) expect(code, output).not.toBe(0);
    else expect([code, output]).toEqual([0, expect.stringContaining("as expected: ")]);

    await follow("Turn it off");
    expect((await tried(off)).output).toContain(`${name} is off: `);
    // What the page turns on beside it.
    await pulumi("config", "rm", "mesh-lab:capabilities");
  });
});
