import type { CustomResourceOptions } from "@pulumi/pulumi";

/** The option by which a resource may take so long to get ready; another time-out changes no resource. */
export function awaitedFor(seconds: number): Pick<CustomResourceOptions, "customTimeouts"> {
  const timeout = `${seconds}s`;
  return { customTimeouts: { create: timeout, update: timeout } };
}
