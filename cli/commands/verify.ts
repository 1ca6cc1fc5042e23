import type { Answering } from "../../capabilities/common/judge.ts";
import { type ExitCode, exitCodes } from "../../messages/failure.ts";
import { hostOf, readOutputs, readSettings } from "../stack/lab.ts";
import { liveLine } from "../terminal/live-line.ts";
import { isSimulated, onlyOnRealNodes } from "../clusters/simulated.ts";
import { table } from "../terminal/table.ts";
import { positive, present, type Report, verb } from "../terminal/verb.ts";
import { type Answers, answersOf, causeIn, shown } from "../verify/answers.ts";
import { pagesToAskFor, runChecks, whyNoPage } from "../verify/checks.ts";
import { cells, type Row } from "../verify/findings.ts";
import { ended, makeRequests, type Tally } from "../verify/requests.ts";
import { look } from "../verify/seen.ts";

/** What was found out. */
interface Facts {
  readonly checks: readonly Row[];
  /** Of each product page that was asked for. */
  readonly answers: readonly Answers[];
  /** What is wrong, the cause before what comes of it; none: all is well. */
  readonly cause?: string;
  /** Why requests could not be made. */
  readonly untried?: string;
}

export const verify = verb(
  "verify",
  "Whether the lab serves: what it takes for that, then requests to each product page",
  "verify --requests 1000",
)
  .option("--requests <number>", "requests to each product page", positive, 101)
  .option("--timeout <seconds>", "as long as all of them may take", positive, 60)
  .action((options) => present(options, verified(options)));

/** Under way at a time: enough for a page to be asked for often, and too few for a lab of 3 CPUs to be slow for it. */
const concurrency = 4;
const requestMs = 10_000;

async function verified({ requests, timeout }: { requests: number; timeout: number }): Promise<Report> {
  const live = liveLine();
  try {
    live.show("reading the stack");
    const [settings, outputs] = await Promise.all([readSettings(), readOutputs()]);
    live.show(`looking at ${outputs.contexts.join(", ")}`);
    const simulated = await isSimulated(hostOf(settings));
    const seen = await look(settings, outputs, simulated);
    const checks = runChecks(seen);
    const fault = checks.find(({ state }) => state === "wrong");
    if (fault !== undefined)
      return report({ checks, answers: [], cause: `${fault.cluster}, ${fault.check}: ${fault.detail}` });

    const pages = pagesToAskFor(seen);
    if (pages.length === 0)
      return report({
        checks,
        answers: [],
        cause: whyNoPage(seen),
      });
    if (simulated)
      return report({ checks, answers: [], untried: onlyOnRealNodes("The requests cannot be made").message });

    const answers = await ask(pages, requests, timeout, live.show);
    const [cause] = answers.flatMap((found) => causeIn(found, requests, settings.enabled) ?? []);
    return report({ checks, answers, ...(cause === undefined ? {} : { cause }) }, settings.enabled);
  } finally {
    live.end();
  }
}

/** Asks for all pages side by side, until there are enough answers, the time is over, or the user has enough. */
async function ask(
  pages: readonly { readonly cluster: string; readonly url: string }[],
  count: number,
  seconds: number,
  show: (text: string) => void,
): Promise<Answers[]> {
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort();
  };
  process.once("SIGINT", interrupt);
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(seconds * 1000)]);
  const soFar = new Map<string, Tally>();
  const counted = () =>
    pages.map(({ cluster }) => {
      const tally = soFar.get(cluster);
      return `${cluster} ${tally === undefined ? 0 : ended(tally)}/${count}`;
    });
  try {
    return await Promise.all(
      pages.map(async ({ cluster, url }) => {
        const onProgress = (tally: Tally): void => {
          soFar.set(cluster, tally);
          show(counted().join(", "));
        };
        const tally = await makeRequests({
          url,
          count,
          concurrency,
          timeoutMs: requestMs,
          signal,
          onProgress,
        });
        return answersOf(cluster, tally);
      }),
    );
  } finally {
    process.off("SIGINT", interrupt);
  }
}

function report(facts: Facts, on: readonly Answering[] = []): Report {
  const { checks, answers, cause, untried } = facts;
  const parts = [
    table(["", "cluster", "check", "what there is"], checks.map(cells)),
    ...(answers.length === 0
      ? []
      : [
          table(
            answerTitles,
            answers.map((found) => answerCells(found, on)),
          ),
        ]),
    ...(untried === undefined ? [] : [untried]),
    ...(cause === undefined ? [] : [`First cause: ${cause}`]),
  ];
  return { facts, text: parts.join("\n\n"), exitCode: exitCodeOf(facts) };
}

function exitCodeOf({ cause, untried }: Facts): ExitCode {
  if (cause !== undefined) return exitCodes.faulty;
  return untried === undefined ? exitCodes.fine : exitCodes.open;
}

const answerTitles = ["cluster", "product page", "answers", "p50", "p95", "max"];
const answerCells = ({ cluster, url, outcomes, latency }: Answers, on: readonly Answering[]): string[] => [
  cluster,
  url,
  shown({ url, outcomes }, on),
  ...[latency?.p50, latency?.p95, latency?.max].map((value) => (value === undefined ? "" : `${value} ms`)),
];
