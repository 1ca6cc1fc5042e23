import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { V1Pod } from "@kubernetes/client-node";
import type { Stop } from "../../host/base/env.ts";
import { closing } from "../../kit/closing.ts";
import { type InjectionConfig, inject, injectionPatch, wantsInjection } from "./istio-injection.ts";
import { type IstioObject, invalidity } from "./istio-validation.ts";

/** The question of an API server, of which this is what the answers depend on. */
interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: {
    readonly uid: string;
    readonly namespace?: string;
    readonly object: unknown;
  };
}

/** An answer without what only repeats the question. */
interface Verdict {
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
  readonly patchType?: "JSONPatch";
  readonly patch?: string;
}

type Judge = (request: AdmissionReview["request"]) => Promise<Verdict>;

/** istiod's admission webhooks on a free port of 127.0.0.1. */
export async function startWebhookServer(
  identity: { readonly cert: string; readonly key: string },
  config: () => Promise<InjectionConfig>,
): Promise<{ readonly port: number; readonly stop: Stop }> {
  const judges: Readonly<Record<string, Judge>> = {
    "/inject": async ({ object, namespace = "" }) =>
      answerInjection(object as V1Pod, namespace, await config()),
    "/validate": async ({ object }) => {
      const message = invalidity(object as IstioObject);
      return message === undefined ? { allowed: true } : { allowed: false, status: { message } };
    },
  };

  async function answer(request: IncomingMessage): Promise<object> {
    const { pathname } = new URL(request.url ?? "/", "https://istiod");
    const judge = judges[pathname];
    if (judge === undefined) throw new Error(`there is no webhook at ${pathname}`);
    const review = (await json(request)) as AdmissionReview;
    const verdict = await judge(review.request).catch((error: unknown) => ({
      allowed: false,
      status: { message: error instanceof Error ? error.message : String(error) },
    }));
    return {
      apiVersion: review.apiVersion,
      kind: review.kind,
      response: { uid: review.request.uid, ...verdict },
    };
  }

  const server = createServer({ cert: identity.cert, key: identity.key }, (request, response) => {
    void answer(request).then(
      (body) => {
        response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
      },
      (error: unknown) => {
        response.writeHead(400).end(String(error));
      },
    );
  });
  const stop = closing(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop,
  };
}

function answerInjection(pod: V1Pod, namespace: string, config: InjectionConfig): Verdict {
  if (!wantsInjection(pod, namespace)) return { allowed: true };
  const patch = injectionPatch(pod, inject(pod, config));
  return {
    allowed: true,
    patchType: "JSONPatch",
    patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
  };
}
