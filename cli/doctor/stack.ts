import { pulumiCommand } from "../../messages/commands.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { Refusal } from "../stack/pulumi.ts";
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
const instead = "what follows is of a lab of two workload clusters, with today's versions";

export const stackCheck: Check<Facts> = {
  name: "stack",
  look: async ({ stack }) => {
    try {
      return fine(await stack.get());
    } catch (error) {
      if (error instanceof Unmet) throw error;
      return error instanceof Refusal
        ? wrong(`${error.found}; ${instead}`, error.advice)
        : wrong(`${reasonOf(error)}; ${instead}`, `${pulumiCommand("stack select NAME")}.`);
    }
  },
};
