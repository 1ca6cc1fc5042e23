import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAddresses } from "../../host/network/addresses.ts";
import { openHostFile } from "../../host/base/host-file.ts";
import { createPorts } from "../../host/base/ports.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "host-file-"));
  file = join(directory, "host.json");
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe("addresses", () => {
  const open = () => createAddresses(openHostFile(file), 7);

  test("are the lowest free ones and survive a restart", () => {
    const before = open();
    expect(["a", "b", "c"].map((owner) => before.take(owner))).toEqual([
      "127.7.0.2",
      "127.7.0.3",
      "127.7.0.4",
    ]);
    before.release("b");
    const after = open();
    expect(after.of("b")).toBeUndefined();
    expect(["c", "d", "a", "e"].map((owner) => after.take(owner))).toEqual([
      "127.7.0.4",
      "127.7.0.3",
      "127.7.0.2",
      "127.7.0.5",
    ]);
  });

  test("of those who are gone come back", () => {
    const addresses = open();
    for (const owner of ["a", "b", "c"]) addresses.take(owner);
    addresses.keepOnly(new Set(["b", "other"]));
    expect(["a", "b", "c"].map((owner) => addresses.of(owner))).toEqual([undefined, "127.7.0.3", undefined]);
  });

  test("end with the network", () => {
    const addresses = open();
    for (let i = 0; i < 253; i++) addresses.take(`owner ${i}`);
    expect(() => addresses.take("one more")).toThrow("All 253 load balancer addresses are in use.");
    addresses.release("owner 9");
    expect(addresses.take("one more")).toBe("127.7.0.11");
  });

  test("are never shared, and stay with their owner, whatever happens", () => {
    const owner = fc.constantFrom("a", "b", "c", "d", "e");
    const step = fc.record({ owner, action: fc.constantFrom("take", "release", "restart") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        rmSync(file, { force: true });
        let addresses = open();
        const held = new Map<string, string>();
        for (const { owner: who, action } of steps) {
          if (action === "restart") addresses = open();
          else if (action === "release") {
            addresses.release(who);
            held.delete(who);
          } else {
            const address = addresses.take(who);
            expect(held.get(who) ?? address).toBe(address);
            held.set(who, address);
          }
          expect(new Set(held.values()).size).toBe(held.size);
          for (const [other, address] of held) expect(addresses.of(other)).toBe(address);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("ports", () => {
  const lines: string[] = [];
  const open = () => createPorts(openHostFile(file), (line) => lines.push(line));

  test("are the same after a restart, and others for other purposes", async () => {
    const before = open();
    const taken = await Promise.all(["etcd", "host", "devmgmt"].map((purpose) => before.take(purpose)));
    expect(new Set(taken).size).toBe(3);
    const after = open();
    expect(await Promise.all(["etcd", "host", "devmgmt"].map((purpose) => after.take(purpose)))).toEqual(
      taken,
    );
    after.release("host");
    expect(Object.keys(openHostFile(file).read().ports)).toEqual(["etcd", "devmgmt"]);
  });

  test("are replaced, and that is said, when another process has taken them", async () => {
    const port = await open().take("host");
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    const other = await open().take("host");
    await new Promise((resolve) => squatter.close(resolve));
    expect(other).not.toBe(port);
    expect(lines.at(-1)).toMatch(
      new RegExp(`^port ${port} of host is taken by .* \\(pid ${process.pid}\\): using ${other} instead$`),
    );
    expect(await open().take("host")).toBe(other);
  });
});

describe("a host file", () => {
  test("that cannot be understood says so and is not overwritten", () => {
    writeFileSync(file, JSON.stringify({ addresses: { "default/web": 1 } }));
    expect(() => openHostFile(file)).toThrow(`${file} cannot be understood; remove it to start anew`);
    expect(readFileSync(file, "utf8")).toContain("default/web");
  });
});
