import { setTimeout as sleep } from "node:timers/promises";
import { pulumiCommand, setting } from "../../commands.ts";
import type { CheckedSettings } from "../../config/check.ts";
import type { Answer } from "../../values/capabilities/check.ts";
import {
  capabilities,
  type CapabilityName,
  capabilityNames,
  labView,
  type TurnedOn,
  turnedOn,
} from "../../values/capabilities/index.ts";
import { exitCodes, Failure } from "../failure.ts";
import { clusterOf, hostOf, type Outputs, readOutputs, readSettings } from "../lab.ts";
import { step } from "../progress.ts";
import { isSimulated, onlyOnRealNodes } from "../simulated.ts";
import { disturbed } from "../try/disturbed.ts";
import { proxyLogs } from "../try/logs.ts";
import { lookForObjects } from "../try/objects.ts";
import { answersFromOutside } from "../try/outside.ts";
import { answersTo } from "../try/requests.ts";
import { present, type Report, verb } from "../verb.ts";

/** What is turned on takes some time to reach all proxies. */
const patienceMs = 60_000;
const pauseMs = 3_000;

export const tryCapability = verb(
  "try",
  "Whether a capability that is on does what it is to do: sends its requests, and looks at the answers",
  "try faultInjection",
)
  .argument("<capability>", `one of ${capabilityNames.join(", ")}`)
  .action((name, options) => present(options, tried(name)));

const isCapability = (name: string): name is CapabilityName => name in capabilities;

async function tried(name: string): Promise<Report> {
  if (!isCapability(name))
    throw new Failure(
      `There is no capability ${name}; there are ${capabilityNames.join(", ")}.`,
      exitCodes.usage,
    );
  const settings = await readSettings();
  const [on] = turnedOn({ [name]: settings.capabilities[name] }, labView(settings.workloads));
  if (on === undefined)
    throw new Failure(
      `${name} is off: ${setting(`capabilities.${name}`, "true", { path: true })}, then ${pulumiCommand("up")}.`,
    );

  const { home } = labView(settings.workloads);
  const outputs = await readOutputs();
  const { there, missing } = await lookForObjects(clusterOf(outputs, home), on, home);
  if (missing.length > 0)
    throw new Failure(`${name} is on, and ${home} lacks ${missing.join(", ")}: ${pulumiCommand("up")}.`);
  if (await isSimulated(hostOf(settings)))
    throw onlyOnRealNodes(`${name} is on${shownObjects(there)}, and it cannot be tried`);

  const { check } = on;
  const work = () => step(`waiting for ${check.expected}`, () => untilShown(on, settings, outputs, home));
  const { answers, isShown } = await (check.disturbance === undefined
    ? work()
    : disturbed(clusterOf(outputs, home), check.disturbance, work));
  const { method = "GET", path, times } = check.request;
  const facts = {
    capability: name,
    request: { method, path, times },
    expected: check.expected,
    answers: answers.map(({ status, seconds }) => ({ status, seconds: Number(seconds.toFixed(3)) })),
    isShown,
  };
  const text = [
    `${method} ${path}, ${times} times on ${home}: ${inShort(answers)}`,
    `${isShown ? "as expected" : "expected"}: ${check.expected}`,
  ].join("\n");
  return { facts, text, exitCode: isShown ? exitCodes.fine : exitCodes.faulty };
}

const shownObjects = (there: readonly string[]): string =>
  there.length === 0 ? "" : `, with ${there.join(", ")}`;

/** Sends the requests, all of them, until the answers are as expected or patience is over. */
async function untilShown(
  { check }: TurnedOn,
  { imageRegistry }: CheckedSettings,
  outputs: Outputs,
  home: string,
): Promise<{ answers: readonly Answer[]; isShown: boolean }> {
  const url = outputs.ingresses[home];
  if (url === undefined && check.isFromOutside === undefined)
    throw new Failure(`${home} has no ingress gateway to send requests to.`);
  const start = Date.now();
  for (;;) {
    const answers =
      check.isFromOutside === undefined
        ? await answersTo(url ?? "", check.request)
        : await answersFromOutside(clusterOf(outputs, home), check.request, imageRegistry);
    const soFar = Math.ceil((Date.now() - start) / 1000);
    const log =
      check.log === undefined
        ? ""
        : await proxyLogs(clusterOf(outputs, check.log.cluster), check.log.app, soFar + 1);
    const isShown = check.isShown(answers, log);
    if (isShown || Date.now() - start > patienceMs) return { answers, isShown };
    await sleep(pauseMs);
  }
}

/** How often there was which status, and how long it took. */
function inShort(answers: readonly Answer[]): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const statuses = [...counts].map(([status, count]) => `${status === 0 ? "no answer" : status} x ${count}`);
  const slowest = Math.max(...answers.map(({ seconds }) => seconds));
  return `${statuses.join(", ")}, the slowest after ${slowest.toFixed(1)} s`;
}
