import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { type Display, duration } from "../kit/display.ts";
import { resourceIn } from "../kit/words.ts";
import { redact } from "../../messages/redact.ts";

type Metadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

/** What the end of an operation is told by. */
export interface Outcome {
  /** How many resources had each kind of change; what stayed the same is not counted. */
  readonly changes: Readonly<Record<string, number>>;
  /** The stack's outputs, secrets blinded; undefined if they were never declared. */
  readonly outputs: Readonly<Record<string, unknown>> | undefined;
  /** What was under way, or failed, at the end. */
  readonly waitingFor: readonly string[];
}

/** Turns the events of an engine into lines. */
export interface Progress {
  event(event: EngineEvent): void;
  /** To be called about every second. */
  tick(): void;
  outcome(): Outcome;
}

/** An event as the engine prints it; anything else on its standard output is not worth a failure. */
export function parseEvent(line: string): EngineEvent | undefined {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return undefined;
  }
}

interface Step {
  readonly name: string;
  readonly op: string;
  readonly start: number;
  /** When to say next that it is still under way. */
  reportAt: number;
  status: string | undefined;
}

const reportSeconds = 10;

/** From when on it is told what keeps a step waiting, in seconds; before, most of it is only about to start. */
const quietSeconds = 20;

/** Operations in words: what is under way, and what was done; those not named here are not worth a line. */
const words: Readonly<Record<string, readonly [string, string]>> = {
  create: ["creating", "created"],
  update: ["updating", "updated"],
  delete: ["deleting", "deleted"],
  replace: ["replacing", "replaced"],
  "create-replacement": ["creating its replacement", "replacement created"],
  "delete-replaced": ["deleting the replaced one", "replaced one deleted"],
  read: ["reading", "read"],
  import: ["importing", "imported"],
  refresh: ["refreshing", "refreshed"],
};

const stackType = "pulumi:pulumi:Stack";

/** Lines for the steps of resources that plugins manage, for warnings and for errors. */
export function createProgress(display: Display): Progress {
  const steps = new Map<string, Step>();
  const failed: string[] = [];
  let changes: Readonly<Record<string, number>> = {};
  let outputs: Readonly<Record<string, unknown>> | undefined;

  const describe = ({ name, op, start, status }: Step): string => {
    const since = duration(display.elapsed() - start);
    return `${name} (${words[op]?.[0] ?? op}, ${since})${status === undefined ? "" : `: ${status}`}`;
  };

  const begin = (metadata: Metadata): void => {
    if (!isStep(metadata)) return;
    const now = display.elapsed();
    const { urn, op } = metadata;
    const step = { name: resourceIn(urn), op, start: now, reportAt: now + reportSeconds, status: undefined };
    steps.set(keyOf(metadata), step);
  };

  const end = (metadata: Metadata): void => {
    const step = steps.get(keyOf(metadata));
    if (step === undefined) return;
    steps.delete(keyOf(metadata));
    const took = duration(display.elapsed() - step.start);
    display.line(`${step.name}  ${words[step.op]?.[1] ?? step.op} (${took})`);
  };

  const fail = (metadata: Metadata): void => {
    const step = steps.get(keyOf(metadata));
    if (step === undefined) return;
    steps.delete(keyOf(metadata));
    failed.push(describe(step));
    display.line(`${step.name}  FAILED after ${duration(display.elapsed() - step.start)}`);
  };

  /** On a terminal the one line that changes has no room for reasons. */
  const tell = (step: Step, status: string | undefined): void => {
    const isNew = withoutTimes(step.status) !== withoutTimes(status);
    step.status = status;
    if (display.tty && isNew && display.elapsed() - step.start >= quietSeconds)
      display.line(`waiting for ${describe(step)}`);
  };

  const diagnose = (event: NonNullable<EngineEvent["diagnosticEvent"]>): void => {
    const message = redact(event.message).trim();
    const { urn = "", ephemeral } = event;
    // The engine also sends what `--debug` would show, which its types do not mention.
    const severity: string = event.severity;
    if (message === "" || severity === "debug") return;
    const running = [...steps].filter(([key]) => key.endsWith(` ${urn}`)).map(([, step]) => step);
    if (ephemeral === true || (running.length > 0 && severity.startsWith("info"))) {
      for (const step of running) tell(step, message.split("\n").at(-1));
      return;
    }
    const who = urn === "" || urn.includes(stackType) ? [] : [resourceIn(urn)];
    const what = severity.startsWith("info") ? [] : [severity];
    display.line([...who, ...what, message].join(": "));
  };

  return {
    event(event) {
      if (event.resourcePreEvent !== undefined) begin(event.resourcePreEvent.metadata);
      if (event.resOutputsEvent !== undefined) {
        const { metadata } = event.resOutputsEvent;
        end(metadata);
        if (metadata.type === stackType && metadata.op !== "delete") outputs = metadata.new?.outputs;
      }
      if (event.resOpFailedEvent !== undefined) fail(event.resOpFailedEvent.metadata);
      if (event.diagnosticEvent !== undefined) diagnose(event.diagnosticEvent);
      if (event.stdoutEvent !== undefined) display.plain(redact(event.stdoutEvent.message).trimEnd());
      if (event.summaryEvent !== undefined) changes = withoutSame(event.summaryEvent.resourceChanges);
    },
    tick() {
      const now = display.elapsed();
      const running = [...steps.values()];
      for (const step of running.filter(({ reportAt }) => now >= reportAt)) {
        step.reportAt += reportSeconds;
        if (!display.tty) display.line(`still waiting for ${describe(step)}`);
      }
      const [oldest] = running;
      display.live(
        oldest === undefined ? "" : `${running.length} under way, the oldest: ${describe(oldest)}`,
      );
    },
    outcome: () => ({
      changes,
      outputs,
      waitingFor: [...failed, ...[...steps.values()].map(describe)],
    }),
  };
}

/** Components only group, and default providers come and go with the engine. */
function isStep({ op, old, new: after, urn }: Metadata): boolean {
  return (after ?? old)?.custom === true && op in words && !urn.includes("::pulumi:providers:");
}

/** Steps tell how long they have been waiting. */
const withoutTimes = (status = ""): string => status.replaceAll(/\(\d+ s\)/g, "");

const keyOf = ({ op, urn }: Metadata): string => `${op} ${urn}`;

const withoutSame = (changes: Readonly<Record<string, number | undefined>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(changes).flatMap(([op, count]) =>
      op === "same" || count === undefined ? [] : [[op, count]],
    ),
  );
