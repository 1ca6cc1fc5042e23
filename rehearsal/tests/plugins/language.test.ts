import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import proto from "@pulumi/pulumi/proto/language_pb.js";
import structProto, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, describe, expect, it } from "vitest";
import { run } from "../../plugins/language-nodejs.ts";
import { dependencies, requiredPlugins } from "../../plugins/language-packages.ts";
import { invocation } from "../../plugins/language-program.ts";

const program = realpathSync(mkdtempSync(join(tmpdir(), "program-")));

function write(path: string, content: unknown): void {
  const file = join(program, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

write("package.json", {
  dependencies: { "@pulumi/pulumi": "^3", left: "*" },
  devDependencies: { absent: "1.x" },
});
write("node_modules/@pulumi/pulumi/package.json", { name: "@pulumi/pulumi", version: "3.259.0" });
// A runner that ends with the code the entry point says.
write("node_modules/@pulumi/pulumi/cmd/run/index.js", "process.exit(Number(process.argv.at(-1)))");
write("node_modules/@pulumi/random/package.json", {
  name: "@pulumi/random",
  version: "v4.21.2",
  pulumi: { resource: true },
});
write("node_modules/left/package.json", { name: "left", version: "1.0.0" });
write("node_modules/left/node_modules/third/package.json", {
  name: "third",
  version: "2.0.0",
  pulumi: { resource: true, name: "third-plugin", version: "9.9.9" },
});
write("node_modules/nameless/package.json", { name: "nameless", pulumi: { resource: true } });
symlinkSync(join(program, "node_modules/left"), join(program, "node_modules/left/node_modules/again"));

function request(entryPoint: string, options: Record<string, JavaScriptValue> = { typescript: false }) {
  const info = new proto.ProgramInfo()
    .setRootDirectory("/root")
    .setProgramDirectory(program)
    .setEntryPoint(entryPoint)
    .setOptions(structProto.Struct.fromJavaScript(options));
  const q = new proto.RunRequest()
    .setInfo(info)
    .setProject("mesh-lab")
    .setStack("dev")
    .setMonitorAddress("127.0.0.1:1")
    .setParallel(8)
    .setArgsList(["--extra"])
    .setConfigsecretkeysList(["mesh-lab:licenseKey"]);
  q.getConfigMap().set("mesh-lab:licenseKey", "s").set("mesh-lab:config:old", "o");
  return q;
}

afterAll(() => {
  rmSync(program, { recursive: true });
});

describe("the program's packages", () => {
  it("name the plugins they need, nested packages too", () => {
    expect(requiredPlugins(program)).toEqual([
      { name: "random", version: "v4.21.2" },
      { name: "third-plugin", version: "v9.9.9" },
    ]);
  });

  it("are reported with the version that is installed", () => {
    expect(dependencies(program, false)).toEqual([
      { name: "@pulumi/pulumi", version: "3.259.0" },
      { name: "left", version: "1.0.0" },
      { name: "absent", version: "1.x" },
    ]);
    expect(dependencies(program, true)).toContainEqual({ name: "third", version: "2.0.0" });
  });
});

describe("the program's run", () => {
  it("gets what the real host gives it", () => {
    const { args, env } = invocation(request("index.ts").setDryrun(true), "127.0.0.1:2", "/runner.js");
    expect(args).toEqual([
      "/runner.js",
      ...["--monitor", "127.0.0.1:1", "--engine", "127.0.0.1:2", "--project", "mesh-lab"],
      ...["--root-directory", "/root", "--stack", "dev", "--pwd", program, "--parallel", "8", "--dry-run"],
      ...["index.ts", "--extra"],
    ]);
    expect(JSON.parse(env.PULUMI_CONFIG)).toEqual({
      "mesh-lab:config:licenseKey": "s",
      "mesh-lab:config:old": "o",
    });
    expect(env).toEqual({
      PULUMI_CONFIG: env.PULUMI_CONFIG,
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(["mesh-lab:licenseKey"]),
    });
  });

  it("honours the runtime options, and checks them", () => {
    const options = { nodeargs: " --conditions  x ", tsconfig: "t.json" };
    const { args, env } = invocation(request(".", options), "", "/runner.js");
    expect(args.slice(0, 3)).toEqual(["--conditions", "x", "/runner.js"]);
    expect(env).toMatchObject({ PULUMI_NODEJS_TYPESCRIPT: "true", PULUMI_NODEJS_TSCONFIG_PATH: "t.json" });
    expect(() => invocation(request(".", { typescript: "no" }), "", "")).toThrow(
      "Pulumi.yaml: the runtime option typescript must be a boolean",
    );
  });

  it.each([
    ["0", { error: "", bail: false }],
    ["32", { error: "", bail: true }],
    ["3", { error: "Program exited with non-zero exit code: 3", bail: false }],
  ])("with exit code %s is answered with %j", async (code, answer) => {
    expect((await run(request(code).setArgsList([]))).toObject()).toEqual(answer);
  });

  it("says how to install a missing SDK", async () => {
    const q = request("0");
    q.getInfo()?.setProgramDirectory("/nowhere");
    expect((await run(q)).getError()).toBe("The Pulumi SDK is not installed in /nowhere: run npm ci there");
  });
});
