import { key } from "../schema/describe.ts";
import { flag, object } from "../schema/fields.ts";
import { capability } from "./common/definition.ts";
import { pathOf } from "./common/routes.ts";

export const serviceIsolation = capability({
  title: "service isolation",
  description: "lets nothing that is not of the workspace reach its services",
  options: object({
    trimProxyConfig: key(flag.default(true), "proxies know the services of the workspace only"),
  }),
  plan: ({ trimProxyConfig }) => ({
    routes: [],
    objects: {},
    settings: { serviceIsolation: { enabled: true, trimProxyConfig } },
    check: {
      request: { path: pathOf.productpage, times: 1 },
      outsideOf: "productpage",
      control: { path: pathOf.productpage, times: 1 },
      statuses: [0],
      expected: "no answer of productpage for a pod without a sidecar",
      isShown: (answers) => answers.every(({ status }) => status === 0),
    },
  }),
});
