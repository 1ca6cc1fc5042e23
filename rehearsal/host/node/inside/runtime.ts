import { Client, credentials } from "@grpc/grpc-js";
import { until } from "../../../kit/until.ts";

/** The question of the runtime's interface that every kubelet begins with. */
const question = "/runtime.v1.RuntimeService/Version";
const asIs = (bytes: Buffer): Buffer => bytes;

/** Resolves when a container runtime answers at its socket: it listens some time before that, and kubelets do not wait. */
export async function runtimeAnswers(socket: string, seconds: number): Promise<void> {
  let last = "it does not listen";
  await until(
    async () => {
      const client = new Client(`unix://${socket}`, credentials.createInsecure());
      const error = await new Promise<Error | null>((resolve) => {
        client.makeUnaryRequest(
          question,
          asIs,
          asIs,
          Buffer.alloc(0),
          { deadline: Date.now() + 2000 },
          resolve,
        );
      });
      client.close();
      last = error?.message ?? last;
      return error === null;
    },
    seconds,
    () => `containerd was not ready within ${seconds} s: ${last}`,
  );
}
