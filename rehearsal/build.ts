/** Builds steps and verbs, and the stand-ins for plugins, which every operation of the engine starts. */
import "../build/main.ts";
import { bundle } from "../build/bundle.ts";

await bundle("rehearsal/dist", {
  command: "./rehearsal/plugins/command.ts",
  nodejs: "./rehearsal/plugins/language-nodejs.ts",
  random: "./rehearsal/plugins/random.ts",
});
