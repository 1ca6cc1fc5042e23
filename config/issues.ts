import type { z } from "zod";
import { isRehearsed, setting, type SettingOptions } from "../messages/commands.ts";
import { inWords, keysAt, meant, type Path, takes } from "./keys.ts";
import { isMapping, type Mapping } from "../schema/mapping.ts";
import type { Mistake } from "./mistake.ts";
import { schema } from "./schema.ts";

/** What the form of a value says of it, with the value itself, and how to write it where only its type is wrong. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  input: Mapping,
  isSecret: (key: string) => boolean,
): Mistake[] {
  if (issue.code === "invalid_union") {
    // Of a value that has one of the forms from outside, it is told what is wrong inside.
    const closest = issue.errors.find((issues) => !issues.some(isOfTheWhole));
    if (closest !== undefined)
      return closest.flatMap((inside) =>
        describeIssue({ ...inside, path: [...issue.path, ...inside.path] }, input, isSecret),
      );
  }
  if (issue.code === "invalid_key")
    return issue.issues.map(({ message }) => ({ path: inWords(issue.path), message }));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: inWords([...issue.path, key]),
      message: unknown(issue.path, key),
    }));
  const value = valueAt(input, issue.path);
  const path = inWords(issue.path);
  const isExpectation = issue.message.startsWith("expected");
  if (value !== undefined && isSecret(String(issue.path[0])))
    return [{ path, message: isExpectation ? issue.message : "expected another value" }];
  if (!isExpectation) return [{ path, message: issue.message }];
  if (value === undefined) return [{ path, message: `it is not set; ${issue.message}` }];
  return [{ path, message: `${issue.message}, found ${seen(value, issue.path)}` }];
}

const isOfTheWhole = ({ code, path }: z.core.$ZodIssue): boolean =>
  path.length === 0 && ["invalid_type", "invalid_value", "invalid_union"].includes(code);

const valueAt = (input: Mapping, path: Path): unknown =>
  path.reduce<unknown>(
    (at, key) => (isMapping(at) || Array.isArray(at) ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    input,
  );

/** More keys than these are no help. */
const mostKeys = 8;

function unknown(at: Path, key: string): string {
  const guesses = meant(schema, at, key);
  if (guesses.length > 0) return `there is no such setting; did you mean ${guesses.join(" or ")}?`;
  const keys = keysAt(schema, at);
  return keys.length === 0 || keys.length > mostKeys
    ? "there is no such setting"
    : `there is no such setting; ${inWords(at)} has ${keys.join(", ")}`;
}

/** A value as a message has it, and what to do where it is right but for its type. */
function seen(value: unknown, path: Path): string {
  // In a rehearsal all is set in the file.
  const or = (text: string, type: NonNullable<SettingOptions["type"]>) =>
    isRehearsed() ? "" : `, or ${setting(quoted(inWords(path)), text, { path: true, type })}`;
  if ((typeof value === "number" || typeof value === "boolean") && takes(schema, path, String(value))) {
    // Of a number it is not known how it was written: 1.20 is 1.2.
    const text = typeof value === "boolean" || Number.isSafeInteger(value) ? String(value) : "VALUE";
    return `the ${typeof value} ${value}: put it in quotes${or(text, "string")}`;
  }
  if (typeof value === "string") {
    // JSON has no number that begins with a zero, and YAML has octal ones.
    const meant = /^(true|false|-?(0|[1-9]\d*)(\.\d+)?)$/.test(value)
      ? (JSON.parse(value) as number | boolean)
      : undefined;
    if (meant !== undefined && takes(schema, path, meant)) {
      const type = typeof meant === "boolean" ? "bool" : Number.isInteger(meant) ? "int" : "float";
      return `the text ${shown(value)}: leave out the quotes${or(value, type)}`;
    }
  }
  return shown(value);
}

/** A path as a shell takes it. */
const quoted = (path: string): string => (/^[\w.-]+$/.test(path) ? path : `'${path}'`);

const mostLetters = 80;

/** A value as a message has it. */
function shown(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  const text = JSON.stringify(value).replaceAll(/(\w:\/\/)[^/@\s]*@/g, "$1***@");
  return text.length > mostLetters ? `${text.slice(0, mostLetters)}…` : text;
}
