import { key } from "../../config/about.ts";
import { flag, object } from "../../config/formats.ts";
import { capability } from "./definition.ts";
import { pathOf } from "./routes.ts";

export const serviceIsolation = capability({
  title: "service isolation",
  description: "lets nothing that is not of the workspace reach its services",
  knobs: object({
    trimProxyConfig: key(flag.default(true), "proxies are told of the workspace's services only"),
  }),
  plan: ({ trimProxyConfig }) => ({
    routes: [],
    objects: {},
    settings: { serviceIsolation: { enabled: true, trimProxyConfig } },
    check: {
      request: { path: pathOf.productpage, times: 1 },
      isFromOutside: true,
      expected: "no answer",
      isShown: (answers) => answers.every(({ status }) => status === 0),
    },
  }),
});
