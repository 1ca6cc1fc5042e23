import { spawn } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exitCodes } from "../../messages/failure.ts";
import { paths, rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { describeStack } from "../../rehearsal/engine/stack.ts";
import { checkout } from "./support/checkout.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

/** The commands that the README walks through, without their comments. */
const commands = (/walk-through -->\s+```sh\n(.*?)```/s.exec(readFileSync("README.md", "utf8"))?.[1] ?? "")
  .split("\n")
  .map((line) => line.replace(/\s+#.*$/, ""))
  .filter((line) => line !== "");

/** What needs containers that run. */
const beyondRehearsal = ["npm run lab -- verify"];

// The example for the host of most laptops.
const stack = "kind";
const { cluster, pulumi, rehearse, rehearsed } = rehearsalIn(rehearsalDir, { STACK: stack });
const project = checkout();
const kubeconfig = join(project.directory, "kubeconfig");

beforeAll(async () => {
  await rehearsed("reset");
  await rehearsed("host");
  copyFileSync(paths.kubeconfig, kubeconfig);
});
afterAll(async () => {
  await rehearse("reset");
  project.remove();
});

/** Runs a command as a user does who has this stack, this host, and no terminal. */
function run(command: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const { env, configFile } = describeStack(stack);
  // A user's own Node, beside the one that npm puts before it for scripts.
  const PATH = [dirname(process.execPath), env["PATH"]].join(delimiter);
  const answers = { PULUMI_OPTION_YES: "true", PULUMI_OPTION_SKIP_PREVIEW: "true" };
  return new Promise((resolve) => {
    const child = spawn("bash", ["-c", command], {
      cwd: project.directory,
      env: { ...env, ...answers, PATH, KUBECONFIG: kubeconfig, PULUMI_OPTION_CONFIG_FILE: configFile },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("close", (code) => {
      resolve({ code, output });
    });
  });
}

const contexts = (): string[] =>
  (parse(readFileSync(kubeconfig, "utf8")) as { contexts: { name: string }[] }).contexts.map(
    ({ name }) => name,
  );

/** What there is to see after a command, beside that it succeeds. */
const seen: Readonly<Record<string, (output: string) => Promise<void> | void>> = {
  "pulumi up": async () => {
    const ingress = { namespace: "devcluster1", name: "istio-ingressgateway-x-istio-gateways-x-devcluster1" };
    const { status } = await cluster("host").core.readNamespacedService(ingress);
    expect(status?.loadBalancer?.ingress?.[0]?.ip).toMatch(/^127\./);
  },
  "npm run lab -- kubeconfig": () => {
    expect(contexts()).toEqual(["host", "devmgmt", "devcluster1", "devcluster2"]);
  },
  "npm run lab -- pause devcluster2": async () => {
    expect(await pulumi("config", "get", "--path", "mesh-lab:workloads[1].paused")).toMatch(/^true/);
  },
  "npm run lab -- graph --output .lab/lab.svg": () => {
    expect(readFileSync(join(project.directory, ".lab", "lab.svg"), "utf8")).toMatch(/^<svg [^]*devcluster2/);
  },
  "npm run lab -- kubeconfig --remove": () => {
    expect(contexts()).toEqual(["host"]);
  },
  "pulumi destroy": async () => {
    const { deployment } = JSON.parse(await pulumi("stack", "export")) as {
      deployment: { resources?: unknown[] };
    };
    expect(deployment.resources ?? []).toEqual([]);
  },
};

describe("the walk through the README", () => {
  it("goes from doctor to destroy, by way of all that is looked at here", () => {
    expect(commands[0]).toBe("npm run lab -- doctor");
    expect(commands.at(-1)).toBe("pulumi destroy");
    expect(commands).toEqual(expect.arrayContaining([...Object.keys(seen), ...beyondRehearsal]));
  });

  it.each(commands)("%s", async (command) => {
    const { code, output } = await run(command);
    expect(code, output).toBe(beyondRehearsal.includes(command) ? exitCodes.open : exitCodes.fine);
    await seen[command]?.(output);
  });

  it("leaves no trace", async () => {
    expect((await rehearsed("down")).output).toMatch(/^Nothing is left/m);
  });
});
