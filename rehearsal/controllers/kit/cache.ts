import type { KubeConfig, KubernetesObject } from "@kubernetes/client-node";
import type { Stop } from "../../host/base/env.ts";
import { watch } from "../../host/base/watch.ts";
import { keyOf } from "./objects.ts";

/** What a cluster's API server last said about the objects of one kind, by "namespace/name". */
export interface Cache<T extends KubernetesObject> {
  readonly get: (key: string) => T | undefined;
  readonly values: () => Iterable<T>;
  /** Tells of every object that is there, and of every change from now on. */
  readonly subscribe: (listener: (key: string) => void) => void;
  readonly stop: Stop;
}

/** Follows all objects of a list path. */
export function follow<T extends KubernetesObject>(
  kubeConfig: KubeConfig,
  path: string,
  log: (line: string) => void,
): Cache<T> {
  const objects = new Map<string, T>();
  const listeners = new Set<(key: string) => void>();
  const tell = (key: string): void => {
    for (const listener of listeners) listener(key);
  };
  const stop = watch<T>(
    kubeConfig,
    path,
    {
      changed(object) {
        objects.set(keyOf(object), object);
        tell(keyOf(object));
      },
      deleted(object) {
        objects.delete(keyOf(object));
        tell(keyOf(object));
      },
    },
    log,
  );
  return {
    get: (key) => objects.get(key),
    values: () => objects.values(),
    subscribe(listener) {
      listeners.add(listener);
      for (const key of objects.keys()) listener(key);
    },
    stop,
  };
}
