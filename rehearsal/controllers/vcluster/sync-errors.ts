import type { CoreV1Event, V1Pod, V1Service } from "@kubernetes/client-node";
import { type Api, ApiError } from "../kit/api.ts";
import { meta } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";

/** Kinds that the syncer copies to the host. */
type SyncedKind = "Pod" | "Service";

/** The event that vcluster's syncer writes about an object whose copy the host refuses. */
function syncError(
  kind: SyncedKind,
  object: V1Pod | V1Service,
  reason: string,
  now: Date = new Date(),
): CoreV1Event {
  const { name, namespace, uid } = meta(object);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${now.getTime().toString(16)}`, namespace },
    involvedObject: { apiVersion: "v1", kind, name, namespace, uid },
    type: "Warning",
    reason: "SyncError",
    message: `Error syncing to physical cluster: ${reason}`,
    source: { component: `${kind.toLowerCase()}-syncer` },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}

/** Whoever writes down why the host refuses copies. */
export interface SyncErrors {
  /** Waits for some work for an object; a refusal with a new reason is written down, and thrown on. */
  readonly around: (kind: SyncedKind, object: V1Pod | V1Service, work: Promise<void>) => Promise<void>;
}

/** Writes events into a virtual cluster. */
export function createSyncErrors(api: Pick<Api, "create">): SyncErrors {
  const told = new Map<string, string>();
  return {
    async around(kind, object, work) {
      const { uid, namespace } = meta(object);
      try {
        await work;
        told.delete(uid);
      } catch (error) {
        if (error instanceof ApiError && told.get(uid) !== error.reason) {
          told.set(uid, error.reason);
          await api.create(at.events(namespace), syncError(kind, object, error.reason));
        }
        throw error;
      }
    },
  };
}
