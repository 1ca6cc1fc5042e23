import { findings, type Level, type Told } from "../doctor/check.ts";
import {
  configurationCheck,
  hostVersionCheck,
  licenseCheck,
  versionsCheck,
} from "../doctor/configuration.ts";
import { createFacts } from "../doctor/facts.ts";
import { architectureCheck } from "../doctor/host/architecture.ts";
import { nodeAddressCheck, reachedCheck, serviceRangeCheck } from "../doctor/host/host.ts";
import { injectorCheck } from "../doctor/host/injector.ts";
import { limitsCheck } from "../doctor/host/limits.ts";
import { loadBalancerCheck } from "../doctor/host/load-balancer.ts";
import { namesCheck } from "../doctor/host/names.ts";
import { pluginCheck } from "../doctor/plugins.ts";
import { repositoriesCheck } from "../doctor/repositories.ts";
import { accessCheck } from "../doctor/host/rights.ts";
import { roomCheck } from "../doctor/host/room.ts";
import { loginCheck, stackCheck } from "../doctor/stack.ts";
import { storageCheck } from "../doctor/host/storage.ts";
import { toolChecks } from "../doctor/tools.ts";
import { exitCodes } from "../../messages/failure.ts";
import { step } from "../terminal/progress.ts";
import { table } from "../terminal/table.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

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
  injectorCheck,
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
