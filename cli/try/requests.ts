import { request as httpRequest } from "node:http";
import { performance } from "node:perf_hooks";
import type { Answer, CheckRequest } from "../../capabilities/common/check.ts";

const timeoutMs = 30_000;

/** Sends a request as often as it is to be sent, one after the other. */
export async function answersTo(url: string, request: CheckRequest): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let sent = 0; sent < request.times; sent += 1) answers.push(await answerTo(url, request));
  return answers;
}

/** Not by `fetch`, which keeps the header Host to itself. */
function answerTo(url: string, { path, method = "GET", headers = {} }: CheckRequest): Promise<Answer> {
  const start = performance.now();
  const answered = (more: Partial<Answer>): Answer => ({
    status: 0,
    headers: {},
    body: "",
    seconds: (performance.now() - start) / 1000,
    ...more,
  });
  return new Promise((resolve) => {
    const outgoing = httpRequest(
      new URL(path, url),
      { method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming
          .on("data", (part: Buffer) => parts.push(part))
          .on("error", () => {
            resolve(answered({}));
          })
          .on("end", () => {
            const { statusCode = 0, headers: received } = incoming;
            resolve(
              answered({
                status: statusCode,
                headers: Object.fromEntries(
                  Object.entries(received).map(([name, value]) => [name, [value ?? []].flat().join(", ")]),
                ),
                body: Buffer.concat(parts).toString(),
              }),
            );
          });
      },
    );
    outgoing
      .on("error", () => {
        resolve(answered({}));
      })
      .end();
  });
}
