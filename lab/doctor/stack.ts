import { pulumiCommand } from "../../commands.ts";
import { explain } from "../../kubernetes/unreached.ts";
import { NoStack, stackNames } from "../pulumi.ts";
import { type Check, fine, Unmet, wrong } from "./check.ts";
import type { Facts } from "./facts.ts";

/** The last line that says something: Pulumi's own words, without the command that failed. */
const reasonOf = (error: unknown): string => {
  const lines = explain(error)
    .split("\n")
    .filter((line) => line.trim() !== "");
  return (lines.find((line) => line.startsWith("error:")) ?? lines.at(-1) ?? "").replace(/^error: /, "");
};

export const loginCheck: Check<Facts> = {
  name: "login",
  look: async ({ login }) => {
    try {
      return fine(await login.get());
    } catch (error) {
      if (error instanceof Unmet) throw error;
      return wrong(
        reasonOf(error),
        "pulumi login, or to keep the state on this machine: pulumi login --local.",
      );
    }
  },
};

/** What doctor goes by where no stack says what the lab is to be. */
const instead = "what follows is of the article's lab";

export const stackCheck: Check<Facts> = {
  name: "stack",
  look: async ({ stack, login }) => {
    try {
      return fine(await stack.get());
    } catch (error) {
      if (error instanceof Unmet) throw error;
      if (error instanceof NoStack) return wrong(`${error.found}; ${instead}`, error.advice);
      const names = await login.needed().then(stackNames);
      const choice =
        names.length === 0 ? "" : `, or ${pulumiCommand("stack select NAME")}: ${names.join(", ")}`;
      return wrong(`${reasonOf(error)}; ${instead}`, `${pulumiCommand("stack init NAME")}${choice}.`);
    }
  },
};
