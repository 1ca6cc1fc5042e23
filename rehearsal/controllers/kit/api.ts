import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type KubeConfig,
  type KubernetesObject,
  RequestContext,
} from "@kubernetes/client-node";

/** What an API server refused. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** In the server's words. */
  readonly reason: string;
  constructor(status: number, request: string, reason: string) {
    super(`${request}: ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

/** One step of a JSON patch. */
export interface PatchStep {
  readonly op: "add" | "replace" | "remove" | "test";
  readonly path: string;
  readonly value?: unknown;
}

/** Options of a change; `fieldManager` is whom the change is attributed to. */
interface ChangeOptions {
  readonly fieldManager?: string;
}

/** An API server spoken to by path; an object that is not there is `undefined`, and removing it is no error. */
export interface Api {
  get<T extends KubernetesObject>(path: string): Promise<T | undefined>;
  create(path: string, object: object, options?: ChangeOptions): Promise<void>;
  /** Server-side apply that takes over every field it names. */
  apply(path: string, object: object, fieldManager: string): Promise<void>;
  /** A JSON patch if given a list of steps, else a merge patch. */
  patch(path: string, patch: readonly PatchStep[] | object, options?: ChangeOptions): Promise<void>;
  /** Only the object with this uid is removed, if one is given. */
  remove(path: string, options?: { readonly uid?: string; readonly graceSeconds?: number }): Promise<void>;
}

// An API server that has died mid-request must not hold a controller's work for ever.
const timeoutSeconds = 20;

/** The API server of a kubeconfig's current context. */
export function apiOf(kubeConfig: KubeConfig): Api {
  const server = kubeConfig.getCurrentCluster()?.server ?? "";
  const http = new IsomorphicFetchHttpLibrary();

  async function send(
    method: HttpMethod,
    path: string,
    body?: object,
    contentType = "application/json",
  ): Promise<unknown> {
    const context = new RequestContext(`${server}${path}`, method);
    context.setHeaderParam("Accept", "application/json");
    if (body !== undefined) {
      context.setHeaderParam("Content-Type", contentType);
      context.setBody(JSON.stringify(body));
    }
    context.setSignal(AbortSignal.timeout(timeoutSeconds * 1000));
    await kubeConfig.applySecurityAuthentication(context);
    const response = await http.send(context).toPromise();
    const text = await response.body.text();
    if (response.httpStatusCode < 300) return JSON.parse(text);
    throw new ApiError(response.httpStatusCode, `${method} ${path}`, reasonIn(text));
  }

  return {
    async get<T>(path: string) {
      return (await unless([404], send(HttpMethod.GET, path))) as T | undefined;
    },
    async create(path, object, options) {
      await send(HttpMethod.POST, `${path}${query(options)}`, object);
    },
    async apply(path, object, fieldManager) {
      const url = `${path}${query({ fieldManager, force: "true" })}`;
      await send(HttpMethod.PATCH, url, object, "application/apply-patch+yaml");
    },
    async patch(path, patch, options) {
      const kind = Array.isArray(patch) ? "json-patch" : "merge-patch";
      await send(HttpMethod.PATCH, `${path}${query(options)}`, patch, `application/${kind}+json`);
    },
    async remove(path, { uid, graceSeconds } = {}) {
      const options = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: "Background",
        ...(uid === undefined ? {} : { preconditions: { uid } }),
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
      };
      // A conflict means that another object has the name by now.
      await unless([404, 409], send(HttpMethod.DELETE, path, options));
    },
  };
}

/** Whether an error is an API server's refusal with this status. */
export const isRefusal = (error: unknown, status: number): boolean =>
  error instanceof ApiError && error.status === status;

async function unless(statuses: readonly number[], answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && statuses.includes(error.status)) return undefined;
    throw error;
  }
}

function query(options: Readonly<Record<string, string>> | ChangeOptions | undefined): string {
  const parameters = new URLSearchParams({ ...options }).toString();
  return parameters === "" ? "" : `?${parameters}`;
}

function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message;
  } catch {
    // Not a Status object: the text itself is the reason.
  }
  return text.trim();
}
