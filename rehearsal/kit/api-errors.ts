import { ApiException } from "@kubernetes/client-node";

const hasCode = (error: unknown, code: number): boolean =>
  error instanceof ApiException && error.code === code;

/** Whether the object is there already, or has changed meanwhile. */
export const isConflict = (error: unknown): boolean => hasCode(error, 409);

/** Whether there is no such object. */
export const isNotFound = (error: unknown): boolean => hasCode(error, 404);
