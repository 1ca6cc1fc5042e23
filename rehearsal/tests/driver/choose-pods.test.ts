import { describe, expect, it } from "vitest";
import { choosePods, type PodsWanted } from "../../driver/choose-pods.ts";
import { createDisplay } from "../../kit/display.ts";

const reason = "gcc is not on PATH. Install gcc.";

/** What is chosen, and what the user reads. */
async function chosen(wanted: Partial<PodsWanted>, refusals: readonly string[] = []) {
  const said: string[] = [];
  const display = createDisplay({ write: (text: string) => said.push(text) > 0 });
  const pods = await choosePods(
    display,
    { asked: undefined, stack: "dev", versionSet: "current", ...wanted },
    async () => refusals,
  );
  return { pods, said: said.join("") };
}

describe("pods", () => {
  it("are containers where the stack has versions of today", async () => {
    expect(await chosen({})).toEqual({ pods: "containers", said: "" });
    expect(await chosen({ asked: "containers" })).toEqual({ pods: "containers", said: "" });
  });

  it("are simulated for the article's versions, and where that is asked for", async () => {
    expect(await chosen({ versionSet: "article" })).toEqual({ pods: "simulated", said: "" });
    expect(await chosen({ asked: "simulated" }, [reason])).toEqual({ pods: "simulated", said: "" });
  });

  it("are simulated where containers cannot run, and the first lines say why", async () => {
    const { pods, said } = await chosen({}, [reason]);
    expect(pods).toBe("simulated");
    expect(said).toMatch(
      /gcc is not on PATH\. Install gcc\.\n.*Containers cannot run here, so pods are simulated/,
    );
  });

  it("are refused where containers are asked for and cannot be had", async () => {
    await expect(chosen({ asked: "containers" }, [reason])).rejects.toThrow(
      `PODS=containers: this machine cannot run containers.\n${reason}`,
    );
    await expect(chosen({ asked: "containers", stack: "article", versionSet: "article" })).rejects.toThrow(
      "PODS=containers: stack article has the versions of the article of 2022",
    );
  });
});
