import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line that counts tests; a file that could not be loaded counts as a failed test. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: "passed" | "failed") =>
      tests.filter((test) => test.result().state === state).length;
    // A file may also fail where it makes ready what its tests are about.
    const broken = modules.filter(
      (module) =>
        module.errors().length > 0 ||
        [...module.children.allSuites()].some((suite) => suite.errors().length > 0),
    ).length;
    const skipped = modules.filter((module) =>
      [...module.children.allTests()].some((test) => test.result().state === "skipped"),
    );
    const failed = count("failed") + broken + unhandledErrors.length;
    // After the default reporter's summary.
    process.on("exit", () => {
      for (const { relativeModuleId } of skipped) console.log(`skipped tests: ${relativeModuleId}`);
      console.log(`${count("passed")} passed, ${failed} failed`);
    });
  }
}
