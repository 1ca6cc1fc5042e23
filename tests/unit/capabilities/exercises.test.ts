import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkSettings } from "../../../config/check.ts";
import { capabilities, capabilityNames } from "../../../capabilities/all.ts";
import { kebab } from "../../../capabilities/common/names.ts";

describe("the exercise", () => {
  const titles = ["What it shows", "Turn it on", "Before", "After", "Turn it off"];
  it.each(capabilityNames)("of %s says all that one does, in the order of all others", (name) => {
    const file = `docs/capabilities/${kebab(name)}.md`;
    expect(existsSync(file), file).toBe(true);
    const text = readFileSync(file, "utf8");
    expect(text.split("\n")[0]).toBe(
      `# ${capabilities[name].title.replace(/^[a-z]/, (letter) => letter.toUpperCase())}`,
    );
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(titles);
    expect(text).toContain(`npm run lab -- try ${name}`);
    expect(text).toContain(`pulumi config rm --path capabilities.${name}`);
  });

  it.each(capabilityNames)("of %s has a configuration that is none of a mistake, with it on", (name) => {
    const text = readFileSync(`docs/capabilities/${kebab(name)}.md`, "utf8");
    const blocks = [...text.matchAll(/^```yaml\n(config:[\s\S]*?)^```$/gm)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, block = ""] of blocks) {
      const { config } = parse(block) as { config: Record<string, object> };
      const { settings, mistakes } = checkSettings({
        licenseKey: "key",
        capabilities: config["mesh-lab:capabilities"],
        workloads: [
          { name: "devcluster1", bookinfo: { reviews: ["v1", "v2"] } },
          { name: "devcluster2", bookinfo: {} },
        ],
        ...("mesh-lab:oidcClientSecret" in config ? { oidcClientSecret: "secret" } : {}),
      });
      expect(mistakes).toEqual([]);
      expect(settings?.capabilities[name]).toBeTruthy();
    }
  });
});
