/** What npm runs after an installation; JavaScript, so that it can tell a Node which knows no TypeScript that it is too old. */
import { createRequire } from "node:module";

const { engines } = createRequire(import.meta.url)("../package.json");
const numbers = (version) => version.match(/\d+/g).map(Number);
const [major, minor] = numbers(process.versions.node);
const [leastMajor, leastMinor] = numbers(engines.node);
if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
  console.error(
    `Node ${process.versions.node} is too old: the lab needs ${leastMajor}.${leastMinor} or newer.`,
  );
  process.exit(1);
}
await import("./main.ts");
