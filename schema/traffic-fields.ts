/**
 * The forms of values that Gloo Mesh, Istio and Envoy take, each within the range that all three accept: Gloo's CRDs,
 * Istio's validation (pkg/config/validation), and Envoy's own checks of header formats.
 */
import { z } from "zod";
import { text } from "./fields.ts";

const shown = JSON.stringify;

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration in milliseconds; NaN where the text is none. */
export function millisecondsOf(duration: string): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? [];
  const exact = Number(amount) * (milliseconds[unit] ?? Number.NaN);
  // 0.29 s is 290.00000000000006 ms in floating point.
  return Math.round(exact * 1e6) / 1e6;
}

/** Istio refuses what is shorter than a millisecond, or a fraction of one; 0 means something else to each field. */
export const duration = text.superRefine((value, context) => {
  const length = millisecondsOf(value);
  if (Number.isNaN(length)) context.addIssue(`${shown(value)} is no duration; expected one like 500ms or 2s`);
  else if (length < 1) context.addIssue(`${shown(value)} is too short; expected 1ms or more`);
  else if (!Number.isInteger(length))
    context.addIssue(`${shown(value)} has a fraction of a millisecond; expected whole milliseconds`);
});

/** Envoy counts shares in millionths. */
const leastPercentage = 0.0001;

/** A share that something happens to: none of them is the same as turning it off. */
export const share = z
  .number("expected a number of percent")
  .min(leastPercentage, `expected more than 0 (${leastPercentage} is the least)`)
  .max(100, "expected 100 or less");

export const wholePercentage = z
  .int("expected a whole number of percent")
  .min(1, "expected 1 or more")
  .max(100, "expected 100 or less");

export const weight = z
  .int("expected a whole number of percent")
  .min(0, "expected 0 or more")
  .max(100, "expected 100 or less");

/** A count that a field of so many bits takes. */
const countUpTo = (most: number) =>
  z
    .number("expected a whole number")
    .refine(Number.isInteger, "expected a whole number")
    .min(1, "expected 1 or more")
    .max(most, `expected ${most} or less`);

/** A field of type uint32. */
export const uint32 = countUpTo(4_294_967_295);
/** A field of type int32. */
export const int32 = countUpTo(2_147_483_647);

export const httpStatus = z
  .number("expected an HTTP status")
  .refine(Number.isInteger, "expected an HTTP status from 200 to 599")
  .min(200, "expected an HTTP status from 200 to 599")
  .max(599, "expected an HTTP status from 200 to 599");

/** Text that says something. */
export const filled = text.regex(/\S/, "expected text that is not empty");

/** The conditions of Envoy's retries that Istio knows, beside HTTP statuses. */
const retryConditions = [
  "5xx",
  "gateway-error",
  "reset",
  "connect-failure",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "retriable-headers",
  "envoy-ratelimited",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
] as const;

const isRetryCondition = (word: string): boolean =>
  (retryConditions as readonly string[]).includes(word) || /^[1-5]\d\d$/.test(word);

export const retryOn = text.superRefine((value, context) => {
  // As Istio takes the list apart: a blank belongs to the word beside it.
  const unknown = value.split(",").filter((word) => !isRetryCondition(word));
  if (unknown.length > 0)
    context.addIssue(
      `${unknown.map((word) => shown(word)).join(", ")} is no condition for a retry; expected a list like 5xx,reset of ${retryConditions.join(", ")}, or HTTP statuses`,
    );
});

const headerName = text.superRefine((value, context) => {
  if (/^:|^host$/i.test(value))
    context.addIssue(
      `${shown(value)} cannot be changed: Envoy keeps Host and what begins with ":" to itself`,
    );
  else if (!/^[\w!#$%&'*+.^`|~-]+$/.test(value))
    context.addIssue(`${shown(value)} is no name of a header; expected letters, digits and "-"`);
});

/** What stands between two percent signs in a format of Envoy's. */
const formatCommand = /%([A-Z][A-Z0-9_]*)(?:\([^()]*\))?(?::\d+)?%/;
const formatParts = new RegExp(`%%|${formatCommand.source}|[^%]+|%`, "g");

/** The parts of a header's value as Envoy reads it: literal text, or a command that Envoy replaces. */
const headerParts = (
  value: string,
): ({ readonly literal: string } | { readonly command: string } | { readonly lone: string })[] =>
  [...value.matchAll(formatParts)].map(([part]) => {
    if (part === "%%") return { literal: "%" };
    if (part === "%") return { lone: part };
    return part.startsWith("%") ? { command: part } : { literal: part };
  });

/**
 * Commands for headers that some Envoy knows, besides those about the two sides of a connection. For another one it
 * refuses all routes ("not supported as custom header").
 */
const headerCommands = new Set([
  "BYTES_RECEIVED",
  "BYTES_SENT",
  "CLUSTER_METADATA",
  "COMMON_DURATION",
  "CONNECTION_ID",
  "CONNECTION_TERMINATION_DETAILS",
  "DURATION",
  "DYNAMIC_METADATA",
  "EMIT_TIME",
  "ENVIRONMENT",
  "FILTER_CHAIN_NAME",
  "FILTER_STATE",
  "GRPC_STATUS",
  "GRPC_STATUS_NUMBER",
  "HOSTNAME",
  "LOCAL_REPLY_BODY",
  "METADATA",
  "PATH",
  "PER_REQUEST_STATE",
  "PROTOCOL",
  "QUERY_PARAM",
  "QUERY_PARAMS",
  "REQ",
  "REQUESTED_SERVER_NAME",
  "REQUEST_DURATION",
  "REQ_WITHOUT_QUERY",
  "RESP",
  "RESPONSE_CODE",
  "RESPONSE_CODE_DETAILS",
  "RESPONSE_DURATION",
  "RESPONSE_FLAGS",
  "RESPONSE_FLAGS_LONG",
  "RESPONSE_TX_DURATION",
  "ROUTE_NAME",
  "START_TIME",
  "STREAM_ID",
  "TRACE_ID",
  "TRAILER",
  "UNIQUE_ID",
  "VIRTUAL_CLUSTER_NAME",
]);

const isKnownCommand = (command: string): boolean => {
  const [, name = ""] = formatCommand.exec(command) ?? [];
  return /^(DOWN|UP)STREAM_/.test(name) || headerCommands.has(name);
};

const isPrintable = (value: string): boolean => !/\p{Cc}/u.test(value.replaceAll("\t", ""));

export const headerValue = text.superRefine((value, context) => {
  if (!isPrintable(value))
    context.addIssue(`${shown(value)} has a control character, which no header can have`);
  const parts = headerParts(value);
  if (parts.some((part) => "lone" in part))
    context.addIssue(
      `${shown(value)} has a single "%", for which Envoy refuses all routes; expected %% for the sign itself, or a command like %REQ(:path)%`,
    );
  for (const part of parts)
    if ("command" in part && !isKnownCommand(part.command))
      context.addIssue(
        `${shown(value)} has ${part.command}, which Envoy does not know and refuses all routes for; expected a command like %REQ(:path)%, %START_TIME% or %HOSTNAME%`,
      );
});

export const headerNames = z
  .array(headerName, "expected a list of names of headers")
  .superRefine(unlessTwice((name) => name.toLowerCase()));

/** Headers with their values; a name means the same in upper case. */
export const headersOf = (value: z.ZodType<string, string>) =>
  z
    .record(headerName, value, "expected names of headers with their values")
    .superRefine((headers, context) => {
      unlessTwice<string>((name) => name.toLowerCase())(Object.keys(headers), context);
    });

/** Refuses a list in which two entries are the same. */
export function unlessTwice<T>(identityOf: (one: T) => string) {
  return (all: readonly T[], context: { addIssue(message: string): void }): void => {
    const names = all.map(identityOf);
    const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
    if (twice.length > 0) context.addIssue(`${twice.join(", ")} stands there twice`);
  };
}

const braces: readonly (readonly [open: string, close: string])[] = [
  ["{{", "}}"],
  ["{%", "%}"],
  ["{#", "#}"],
];

/** A template of Inja: one that is left open would fail, and all routes with it. */
export const template = text.superRefine((value, context) => {
  for (const [open, close] of braces)
    if (value.split(open).length !== value.split(close).length)
      context.addIssue(`${shown(value)} has not as many ${open} as ${close}`);
});

/** Text that a template of Inja can turn out as. */
export function templatePattern(value: string): RegExp {
  const parts = value.split(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\})/);
  return new RegExp(
    `^${parts.map((part, index) => (index % 2 === 1 ? "[\\s\\S]*" : escaped(part))).join("")}$`,
  );
}

/** Values that a header's format can turn out as. */
export function headerPattern(value: string): RegExp {
  return new RegExp(
    headerParts(value)
      .map((part) => ("literal" in part ? escaped(part.literal) : ".*"))
      .join(""),
  );
}

const escaped = (literal: string): string => literal.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
