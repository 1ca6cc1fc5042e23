import { setImmediate } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";

/** The value of an output; undefined where it is not known in this run. */
export function settled<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    // Pulumi does not call back where there is no value, but says of every output whether it is secret.
    output.apply(resolve);
    pulumi.isSecret(output).then(async () => {
      await setImmediate();
      resolve(undefined);
    }, reject);
  });
}
