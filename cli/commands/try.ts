import { setTimeout as sleep } from "node:timers/promises";
import { pulumiCommand, setting } from "../../messages/commands.ts";
import type { CheckedSettings } from "../../config/settings.ts";
import { type Answer, type Check, isCheck } from "../../capabilities/common/check.ts";
import {
  capabilities,
  type CapabilityName,
  capabilityNames,
  topologyOf,
  type TurnedOn,
} from "../../capabilities/all.ts";
import { judge, type Judgement, statusText, strays } from "../../capabilities/common/judge.ts";
import { type ExitCode, exitCodes, Failure } from "../../messages/failure.ts";
import { clusterOf, hostOf, type Outputs, readOutputs, readSettings } from "../stack/lab.ts";
import { step } from "../terminal/progress.ts";
import { isSimulated, onlyOnRealNodes } from "../clusters/simulated.ts";
import { disturbed } from "../try/disturbed.ts";
import { proxyLogs } from "../try/logs.ts";
import { lookForObjects } from "../try/objects.ts";
import { answersFromOutside } from "../try/outside.ts";
import { answersTo } from "../try/requests.ts";
import { positive, present, type Report, verb } from "../terminal/verb.ts";

/** What is turned on takes some time to reach all proxies, in seconds. */
const patience = 60;
const pauseMs = 3_000;

export const tryCapability = verb(
  "try",
  "Whether a capability that is on does what it is to do: sends its requests, and looks at the answers",
  "try faultInjection",
)
  .argument("<capability>", `one of ${capabilityNames.join(", ")}`)
  .option("--timeout <seconds>", "how long the effect may take to show", positive, patience)
  .action((name, options) => present(options, tried(name, options.timeout)));

const isCapability = (name: string): name is CapabilityName => name in capabilities;

async function tried(name: string, timeout: number): Promise<Report> {
  if (!isCapability(name))
    throw new Failure(
      `There is no capability ${name}; there are ${capabilityNames.join(", ")}.`,
      exitCodes.usage,
    );
  const settings = await readSettings();
  const { enabled: all, workloads } = settings;
  const on = all.find((one) => one.name === name);
  if (on === undefined)
    throw new Failure(
      `${name} is off: ${setting(`capabilities.${name}`, "true", { path: true })}, then ${pulumiCommand("up")}.`,
    );

  const { ingressCluster } = topologyOf(workloads);
  const outputs = await readOutputs();
  const { there, missing } = await lookForObjects(clusterOf(outputs, ingressCluster), on, ingressCluster);
  if (missing.length > 0)
    throw new Failure(
      `${name} is on, and ${ingressCluster} lacks ${missing.join(", ")}: ${pulumiCommand("up")}.`,
    );
  const { check } = on;
  const isOn = `${name} is on${shownObjects(there)}`;
  if (!isCheck(check))
    throw new Failure(`${isOn}; requests cannot show whether it works: ${check.cannotTell}.`, exitCodes.open);
  if (await isSimulated(hostOf(settings))) throw onlyOnRealNodes(`${isOn}, and it cannot be tried`);

  const others = all.filter((one) => one.name !== name);
  const exercise = { check, others, settings, outputs, ingressCluster, timeout };
  const work = () => step(`waiting for ${check.expected}`, () => untilShown(exercise));
  const { answers, judgement } = await (check.disturbance === undefined
    ? work()
    : disturbed(clusterOf(outputs, ingressCluster), check.disturbance, work));
  return report(name, exercise, answers, judgement);
}

const shownObjects = (there: readonly string[]): string =>
  there.length === 0 ? "" : `, with ${there.join(", ")}`;

interface Exercise {
  readonly check: Check;
  /** What else is on. */
  readonly others: readonly TurnedOn[];
  readonly settings: CheckedSettings;
  readonly outputs: Outputs;
  readonly ingressCluster: string;
  /** In seconds. */
  readonly timeout: number;
}

interface Found {
  readonly answers: readonly Answer[];
  readonly judgement: Judgement;
}

/** Sends the requests, all of them, until the answers show the effect or patience is over. */
async function untilShown(exercise: Exercise): Promise<Found> {
  const start = Date.now();
  for (;;) {
    const found = await once(exercise, start);
    if (found.judgement.state === "shown" || Date.now() - start > 1000 * exercise.timeout) return found;
    await sleep(pauseMs);
  }
}

async function once(
  { check, others, settings, outputs, ingressCluster }: Exercise,
  start: number,
): Promise<Found> {
  const { request, control, outsideOf, log } = check;
  const url = outputs.ingresses[ingressCluster];
  const through = async (one: Check["request"]): Promise<Answer[]> => {
    if (url === undefined) throw new Failure(`${ingressCluster} has no ingress gateway to send requests to.`);
    return answersTo(url, one);
  };
  if (control !== undefined) {
    const answers = await through(control);
    const judgement = strays(control, [200], answers, others);
    if (judgement !== undefined)
      return {
        answers,
        judgement: { ...judgement, because: `GET ${control.path} must be 200 first: ${judgement.because}` },
      };
  }
  const answers =
    outsideOf === undefined
      ? await through(request)
      : await answersFromOutside(
          clusterOf(outputs, ingressCluster),
          outsideOf,
          request,
          settings.imageRegistry,
        );
  const soFar = Math.ceil((Date.now() - start) / 1000);
  const written = log === undefined ? "" : await proxyLogs(clusterOf(outputs, log.cluster), log, soFar + 1);
  return { answers, judgement: judge(check, answers, written, others) };
}

const exitCodeOf: Readonly<Record<Judgement["state"], ExitCode>> = {
  shown: exitCodes.fine,
  missing: exitCodes.faulty,
  open: exitCodes.open,
};

function report(
  capability: CapabilityName,
  { check, ingressCluster }: Exercise,
  answers: readonly Answer[],
  { state, because }: Judgement,
): Report {
  const { method = "GET", path, times } = check.request;
  const facts = {
    capability,
    request: { method, path, times },
    expected: check.expected,
    answers: answers.map(({ status, seconds }) => ({ status, seconds: Number(seconds.toFixed(3)) })),
    isShown: state === "shown",
    ...(because === "" ? {} : { because }),
  };
  const told = {
    shown: `as expected: ${check.expected}`,
    missing: `expected: ${check.expected}; ${because}`,
    open: `expected: ${check.expected}; this cannot be told here: ${because}. Turn it off to try ${capability}`,
  };
  const repeated = times === 1 ? "" : `, ${times} times`;
  const text = [`${method} ${path}${repeated} on ${ingressCluster}: ${inShort(answers)}`, told[state]].join(
    "\n",
  );
  return { facts, text, exitCode: exitCodeOf[state] };
}

/** How often there was which status, and how long it took. */
function inShort(answers: readonly Answer[]): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const statuses = [...counts].map(([status, count]) => `${statusText(status)} x ${count}`);
  const slowest = Math.max(...answers.map(({ seconds }) => seconds));
  return `${statuses.join(", ")}, the slowest after ${slowest.toFixed(1)} s`;
}
