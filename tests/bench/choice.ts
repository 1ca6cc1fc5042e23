import { parseArgs } from "node:util";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { type Part, parts } from "./parts.ts";

/** What is to be measured. */
export interface Choice {
  readonly rounds: number;
  readonly parts: readonly Part[];
  /** Whether that is the whole of it, which is worth keeping. */
  readonly isWhole: boolean;
}

const width = Math.max(...parts.map(({ name }) => name.length));

/** What can be chosen. */
export const usage = [
  'usage: make bench ARGS="[--rounds NUMBER] [PART ...]"',
  "  rounds: 5 if not given; parts: all, else of these:",
  ...parts.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`),
].join("\n");

/** What the arguments choose; undefined: they ask what there is. @throws Failure if they name what there is not */
export function choiceOf(args: readonly string[]): Choice | undefined {
  try {
    return chosenBy(args);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error), exitCodes.usage);
  }
}

function chosenBy(args: readonly string[]): Choice | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { rounds: { type: "string", default: "5" }, help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is "${values.rounds}": expected a whole number, such as 1 or 5.`);
  const unknown = positionals.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(", ")}.\n${usage}`);
  const chosen = parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { rounds, parts: chosen, isWhole: chosen.length === parts.length };
}
