import type { V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { plain } from "../../controllers/kit/objects.ts";
import { nextPodStep, type PodStep } from "../../controllers/vcluster/pod-sync.ts";

const tenant = { name: "vc", namespace: "lab", owner: { name: "vc", uid: "service-uid" } };
const leaving = { deletionTimestamp: new Date(0), deletionGracePeriodSeconds: 7 };
const pod = (extra: Partial<V1Pod> = {}): V1Pod => ({
  ...extra,
  metadata: { name: "p", namespace: "n", uid: "u", ...plain(extra.metadata ?? {}) },
});
const copy = (extra: Partial<V1Pod> = {}, uid = "u"): V1Pod =>
  pod({
    ...extra,
    metadata: {
      annotations: { "vcluster.loft.sh/uid": uid },
      labels: { "vcluster.loft.sh/managed-by": "vc", "vcluster.loft.sh/namespace": "n", host: "own" },
      ...plain(extra.metadata ?? {}),
    },
  });
const running = { spec: { nodeName: "node", containers: [] }, status: { phase: "Running" } };

test.each<[string, V1Pod | undefined, V1Pod | undefined, PodStep]>([
  ["neither is there", undefined, undefined, { do: "nothing" }],
  ["a new pod", pod(), undefined, { do: "create-copy" }],
  [
    "a pod that ran and lost its copy",
    pod({ status: { startTime: new Date(0) } }),
    undefined,
    { do: "delete-pod", graceSeconds: 0 },
  ],
  [
    "a leaving pod without copy",
    pod({ metadata: leaving }),
    undefined,
    { do: "delete-pod", graceSeconds: 0 },
  ],
  ["a copy of nothing", undefined, copy(), { do: "delete-copy" }],
  ["a leaving copy of nothing", undefined, copy({ metadata: leaving }), { do: "nothing" }],
  ["a copy of a predecessor", pod(), copy({}, "older"), { do: "delete-copy", graceSeconds: 0 }],
  ["a leaving pod", pod({ metadata: leaving }), copy(), { do: "delete-copy", graceSeconds: 7 }],
  [
    "a leaving copy",
    pod({ spec: { containers: [], terminationGracePeriodSeconds: 3 } }),
    copy({ metadata: leaving }),
    { do: "delete-pod", graceSeconds: 3 },
  ],
  ["both leaving", pod({ metadata: leaving }), copy({ metadata: leaving }), { do: "nothing" }],
  [
    "a label that came later",
    pod({ metadata: { labels: { app: "a" } } }),
    copy(running),
    {
      do: "relabel-copy",
      patch: {
        metadata: {
          uid: "u",
          labels: {
            "vcluster.loft.sh/managed-by": "vc",
            "vcluster.loft.sh/namespace": "n",
            "vcluster.loft.sh/label-vc-x-a172cedcae": "a",
          },
          annotations: { "vcluster.loft.sh/labels": 'app="a"' },
        },
      },
    },
  ],
  [
    "a label that is gone",
    pod(),
    copy({
      metadata: {
        annotations: { "vcluster.loft.sh/uid": "u" },
        labels: {
          "vcluster.loft.sh/managed-by": "vc",
          "vcluster.loft.sh/namespace": "n",
          "vcluster.loft.sh/label-vc-x-a172cedcae": "a",
        },
      },
    }),
    {
      do: "relabel-copy",
      patch: {
        metadata: {
          uid: "u",
          labels: {
            "vcluster.loft.sh/managed-by": "vc",
            "vcluster.loft.sh/namespace": "n",
            "vcluster.loft.sh/label-vc-x-a172cedcae": null,
          },
          annotations: { "vcluster.loft.sh/labels": "" },
        },
      },
    },
  ],
  ["a copy that has a node", pod(), copy(running), { do: "bind", node: "node" }],
  ["a status to report", pod({ spec: running.spec }), copy(running), { do: "report-status" }],
  ["all in line", pod(running), copy(running), { do: "nothing" }],
  ["a copy that cannot be scheduled", pod(), copy({ status: { phase: "Pending" } }), { do: "report-status" }],
])("%s", (_, object, onHost, expected) => {
  expect(nextPodStep(tenant, object, onHost)).toEqual(expected);
});
