import { writeContexts } from "../../rehearsal/contexts.ts";
import { paths } from "../../rehearsal/paths.ts";
import { pulumi } from "../../rehearsal/stack.ts";
import type { Outputs } from "../../rehearsal/summary.ts";
import { articleKubeconfig, type Inputs, inputsOf, runArticle } from "./article.ts";
import { type Chain, criticalPath } from "./critical-path.ts";
import type { Delay } from "./figures.ts";
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
export const byUp = (delay: Delay): Promise<BuiltByUp> =>
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

/** Both ways of building one lab. */
export interface Compared {
  readonly up: number;
  readonly article: number;
  readonly path: Chain;
}

/** Builds the lab in both ways, each on a fresh host. @throws if the two are not the same lab */
export async function compare(
  steps: Steps,
  delay: Delay,
  inputs: Inputs,
  articleFirst: boolean,
): Promise<Compared> {
  const runArticle = () =>
    steps.run(`the article's commands, DELAYS=${delay}`, () =>
      byArticle(delay, inputs, (step) => {
        steps.at(step);
      }),
    );
  const runUp = () => steps.run(`up, DELAYS=${delay}`, () => byUp(delay));
  const early = articleFirst ? await runArticle() : undefined;
  const up = await runUp();
  const article = early ?? (await runArticle());
  const different = differences(["up", up.objects], ["the article's commands", article.objects]);
  if (different.length > 0) throw new Error(`These are not the same lab:\n${different.join("\n")}`);
  return { up: up.seconds, article: article.seconds, path: up.path };
}
