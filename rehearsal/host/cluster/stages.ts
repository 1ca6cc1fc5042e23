import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const schema = z.strictObject({
  wanted: z.string(),
  seen: z.string(),
  runs: z.string(),
  stages: z.record(
    z.string(),
    z.strictObject({
      delete: z.literal(true).optional(),
      slow: z.literal(true).optional(),
      event: z.strictObject({ type: z.string(), reason: z.string(), message: z.string() }).optional(),
      /** What the template uses. */
      given: z.string().optional(),
      template: z.string().optional(),
    }),
  ),
});

/**
 * KWOK's configuration file: the stages of pods, and the one of nodes without which KWOK leaves nodes alone.
 * Where pods take time, each waits to be told how long.
 */
export function kwokConfiguration(podsTakeTime: boolean): string {
  const { wanted, seen, runs, stages } = schema.parse(
    parse(readFileSync(join(import.meta.dirname, "stages.yaml"), "utf8")),
  );
  const due = `${podsTakeTime} as $slow | (${wanted}) as $wanted | (${seen}) as $seen | if $wanted == $seen then "" else $wanted | split(" ")[0] end`;
  const untilItRuns = { durationMilliseconds: 0, durationFrom: { jq: { expression: runs } } };
  const pods = Object.entries(stages).map(([name, { delete: gone, slow, event, given = "", template }]) =>
    stage(
      "Pod",
      name,
      { key: due, operator: "In", values: [name] },
      [
        ...(event === undefined ? [] : [{ event }]),
        ...(gone === undefined ? [] : [{ delete: true }]),
        ...(template === undefined ? [] : [statusPatch(`${given}\n${template}`)]),
      ],
      podsTakeTime && slow === true ? untilItRuns : undefined,
    ),
  );
  const notReady = { key: nodeReadiness, operator: "NotIn", values: ["True"] };
  return [...pods, stage("Node", "node-ready", notReady, [statusPatch(nodeReady)])]
    .map((document) => JSON.stringify(document))
    .join("\n---\n");
}

const nodeReadiness = `.status.conditions[]? | select(.type == "Ready").status`;
const nodeReady = `conditions: [{type: Ready, status: "True", reason: KubeletReady, lastTransitionTime: {{ Now | Quote }}}]`;

const statusPatch = (template: string): object => ({
  patch: { subresource: "status", root: "status", template },
});

function stage(
  kind: "Pod" | "Node",
  name: string,
  jq: { key: string; operator: string; values: string[] },
  steps: readonly object[],
  wait?: object,
): object {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind },
      selector: { matchExpressions: [{ jq }] },
      ...(wait === undefined ? {} : { delay: wait }),
      steps,
    },
  };
}
