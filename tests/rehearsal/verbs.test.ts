import { afterAll, beforeAll } from "vitest";
import { rehearse, rehearsed } from "./support/rehearsal.ts";
import { collectTests } from "./verbs/collect.ts";
import { doctorTests } from "./verbs/doctor.ts";
import { imagesTests } from "./verbs/images.ts";
import { destroyWhilePausedTests, pauseTests } from "./verbs/pause.ts";
import { podsTests } from "./verbs/pods.ts";

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
pauseTests();
// The lab is gone after it.
destroyWhilePausedTests();
