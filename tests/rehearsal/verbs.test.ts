import { afterAll, beforeAll } from "vitest";
import { rehearse, rehearsed } from "./support/rehearsal.ts";
import { collectTests } from "./verbs/collect.ts";
import { doctorTests } from "./verbs/doctor.ts";
import { graphTests } from "./verbs/graph.ts";
import { imagesTests } from "./verbs/images.ts";
import { kubeconfigTests } from "./verbs/kubeconfig.ts";
import { destroyWhilePausedTests, pauseTests } from "./verbs/pause.ts";
import { podsTests } from "./verbs/pods.ts";
import { statusTests } from "./verbs/status.ts";
import { uiTests } from "./verbs/ui.ts";
import { verifyTests } from "./verbs/verify.ts";

beforeAll(async () => {
  await rehearsed("reset");
  await rehearsed("up");
});
afterAll(async () => {
  await rehearse("reset");
});

// On one lab, one after the other.
podsTests();
doctorTests();
imagesTests();
collectTests();
statusTests();
kubeconfigTests();
verifyTests();
uiTests();
graphTests();
pauseTests();
// The lab is gone after it.
destroyWhilePausedTests();
