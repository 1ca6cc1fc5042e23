import { findings, type Level, type Told } from "../doctor/check.ts";
import {
  configurationCheck,
  hostVersionCheck,
  licenseCheck,
  versionsCheck,
} from "../doctor/configuration.ts";
import { createFacts } from "../doctor/facts.ts";
import { architectureCheck } from "../doctor/architecture.ts";
import { nodeAddressCheck, reachedCheck, serviceRangeCheck } from "../doctor/host.ts";
import { limitsCheck } from "../doctor/limits.ts";
import { loadBalancerCheck } from "../doctor/load-balancer.ts";
import { namesCheck } from "../doctor/names.ts";
import { pluginCheck } from "../doctor/plugins.ts";
import { repositoriesCheck } from "../doctor/repositories.ts";
import { accessCheck } from "../doctor/rights.ts";
import { roomCheck } from "../doctor/room.ts";
import { loginCheck, stackCheck } from "../doctor/stack.ts";
import { storageCheck } from "../doctor/storage.ts";
import { toolChecks } from "../doctor/tools.ts";
import { exitCodes } from "../failure.ts";
import { step } from "../progress.ts";
import { table } from "../table.ts";
import { present, type Report, verb } from "../verb.ts";

const checks = [
  ...toolChecks,
  pluginCheck,
  loginCheck,
  stackCheck,
  configurationCheck,
  licenseCheck,
  versionsCheck,
  repositoriesCheck,
  reachedCheck,
  hostVersionCheck,
  architectureCheck,
  namesCheck,
  accessCheck,
  storageCheck,
  loadBalancerCheck,
  nodeAddressCheck,
  serviceRangeCheck,
  roomCheck,
  limitsCheck,
];

export const doctor = verb(
  "doctor",
  "Whether pulumi up will find what it needs, and what to do where it will not; changes nothing",
  "doctor --stack my",
).action((options) => present(options, examined()));

async function examined(): Promise<Report> {
  const facts = await step("looking at tools, configuration, charts and host", () =>
    findings(checks, createFacts()),
  );
  const isWrong = facts.some(({ level }) => level === "wrong");
  return { facts, text: describe(facts), exitCode: isWrong ? exitCodes.faulty : exitCodes.fine };
}

const marks: Readonly<Record<Level, string>> = { fine: "✓", doubtful: "!", wrong: "✗" };

export const describe = (all: readonly Told[]): string =>
  table(
    ["", "check", "found, and what to do"],
    all.map(({ check, level, found, advice }) => [
      marks[level],
      check,
      [found, ...(advice === undefined ? [] : [`→ ${advice}`])].join("\n"),
    ]),
  );
