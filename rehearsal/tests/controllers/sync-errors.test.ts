import { expect, test } from "vitest";
import { ApiError } from "../../controllers/kit/api.ts";
import { createSyncErrors } from "../../controllers/vcluster/sync-errors.ts";
import { problemsIn } from "../../../kubernetes/diagnosis/diagnosis.ts";
import type { SeenEvent } from "../../../kubernetes/diagnosis/events.ts";

const pod = { metadata: { name: "p", namespace: "n", uid: "u" }, spec: { containers: [] } };

/** A syncer that is refused for these reasons, one after the other, and the events that it writes. */
async function refusedFor(...reasons: (string | undefined)[]): Promise<SeenEvent[]> {
  const written: SeenEvent[] = [];
  const errors = createSyncErrors({
    create: async (path, event) => {
      expect(path).toBe("/api/v1/namespaces/n/events");
      written.push(event as SeenEvent);
    },
  });
  for (const reason of reasons) {
    const work = reason === undefined ? Promise.resolve() : Promise.reject(new ApiError(403, "POST", reason));
    await errors.around("Pod", pod, work).catch(() => undefined);
  }
  return written;
}

test("a refused copy leaves an event inside, as of the real syncer, once for each reason", async () => {
  const written = await refusedFor("exceeded quota", "exceeded quota", "forbidden");
  expect(written.map(({ type, reason, message }) => [type, reason, message])).toEqual([
    ["Warning", "SyncError", "Error syncing to physical cluster: exceeded quota"],
    ["Warning", "SyncError", "Error syncing to physical cluster: forbidden"],
  ]);
  expect(written[0]?.involvedObject).toEqual({
    apiVersion: "v1",
    kind: "Pod",
    name: "p",
    namespace: "n",
    uid: "u",
  });
  expect(problemsIn({ pods: [pod], events: written.slice(0, 1) })).toEqual([
    "Pod p is on no node: exceeded quota.",
  ]);
});

test("a refusal that comes back after all was well is told again", async () => {
  expect(await refusedFor("exceeded quota", undefined, "exceeded quota")).toHaveLength(2);
});
