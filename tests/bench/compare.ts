import { writeContexts } from "../../rehearsal/engine/contexts.ts";
import { paths } from "../../rehearsal/kit/paths.ts";
import { pulumi } from "../../rehearsal/engine/stack.ts";
import type { Outputs } from "../../rehearsal/driver/summary.ts";
import { articleKubeconfig, type Inputs, inputsOf, runArticle } from "./article.ts";
import { type Chain, criticalPath } from "./critical-path.ts";
import type { Delay, Found } from "./figures.ts";
import { articleLab, onFreshHost } from "./lab.ts";
import { differences, objectsIn } from "./objects.ts";
import { labProgram, operate, resourcesOf } from "./pulumi.ts";
import type { Steps } from "./steps.ts";

const clusters = ["devmgmt", "devcluster1", "devcluster2"];

/** A lab that was built: how long that took, and what there was then. */
interface Built {
  readonly seconds: number;
  readonly objects: readonly string[];
}

/** What was built by `up`, and what the article's commands need to build the same. */
interface BuiltByUp extends Built {
  readonly path: Chain;
  readonly inputs: Inputs;
}

/** Builds the article's lab with `up`. */
const byUp = (delay: Delay): Promise<BuiltByUp> =>
  onFreshHost(articleLab(delay), async (stack) => {
    const { seconds, operations } = await operate(labProgram(stack), "up");
    const resources = await resourcesOf(stack);
    const outputs = await pulumi(stack, ["stack", "output", "--json", "--show-secrets"]);
    writeContexts((JSON.parse(outputs) as Outputs).kubeconfig);
    return {
      seconds,
      path: criticalPath(operations, resources),
      inputs: inputsOf(resources),
      objects: await allObjects(paths.kubeconfig),
    };
  });

/** Builds it with the article's commands. */
const byArticle = (delay: Delay, inputs: Inputs, say: (step: string) => void): Promise<Built> =>
  onFreshHost(articleLab(delay), async () => ({
    seconds: await runArticle(inputs, say),
    objects: await allObjects(articleKubeconfig(clusters)),
  }));

async function allObjects(kubeconfig: string): Promise<readonly string[]> {
  const lists = ["host", ...clusters].map(async (context) =>
    (await objectsIn(kubeconfig, context)).map((line) => `${context}: ${line}`),
  );
  return (await Promise.all(lists)).flat();
}

/** How the article's commands and `up` are compared, again and again: who comes first changes. */
export function createComparison(): (steps: Steps, delay: Delay) => Promise<Found> {
  let inputs: Inputs | undefined;
  let articleFirst = false;

  /** Builds the lab in both ways, each on a fresh host. @throws if the two are not the same lab */
  return async (steps, delay) => {
    const runArticle = (given: Inputs) =>
      steps.run(`the article's commands, DELAYS=${delay}`, () =>
        byArticle(delay, given, (step) => {
          steps.at(step);
        }),
      );
    const early = articleFirst && inputs !== undefined ? await runArticle(inputs) : undefined;
    const up = await steps.run(`up, DELAYS=${delay}`, () => byUp(delay));
    inputs = up.inputs;
    const article = early ?? (await runArticle(inputs));
    articleFirst = !articleFirst;
    const different = differences(["up", up.objects], ["the article's commands", article.objects]);
    if (different.length > 0) throw new Error(`These are not the same lab:\n${different.join("\n")}`);
    return {
      figures: {
        [`up ${delay}`]: up.seconds,
        [`article ${delay}`]: article.seconds,
        [`path ${delay}`]: up.path.seconds,
      },
      paths: { [delay]: up.path },
    };
  };
}
