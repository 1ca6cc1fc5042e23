import { redact } from "../../messages/redact.ts";

const blank = "[secret]";

/** Names under which programs keep what is secret, whatever it looks like. */
const secretKeys = /^(token|password|passphrase|licenseKey|license_key|client-key-data)$/i;

/** Whole texts that are of no use without what is secret in them. */
const secretTexts = /client-key-data|PRIVATE KEY/;

/**
 * An event of the engine as it may be kept in a file. The engine blanks what is marked as secret; a plugin, or a program
 * that the lab runs, may say something that nobody has marked.
 *
 * @returns undefined: it is not to be kept
 */
export function recordable(line: string): string | undefined {
  try {
    const event = JSON.parse(line, concealed) as { diagnosticEvent?: { severity?: string } };
    // The SDK writes whole answers there, with what is secret in plain text.
    return event.diagnosticEvent?.severity === "debug" ? undefined : JSON.stringify(event);
  } catch {
    return concealed("", line) as string;
  }
}

function concealed(key: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  return secretKeys.test(key) || secretTexts.test(value) ? blank : redact(value);
}
