import { type Display, duration } from "../../rehearsal/kit/display.ts";

/** Says what is being measured, and what came of it. */
export interface Steps {
  /** Does one thing; a line with the seconds that it measured follows. */
  run<T extends { readonly seconds: number }>(name: string, work: () => Promise<T>): Promise<T>;
  /** What the thing that is being done is at. */
  at(detail: string): void;
  /** Leaves the terminal as it was. */
  end(): void;
}

/** Steps whose lines begin with a title. */
export function createSteps(display: Display, title: string): Steps {
  let current = "";
  let detail = "";
  let start = display.elapsed();
  const ticker = setInterval(() => {
    const parts = [title, current, ...(detail === "" ? [] : [detail])];
    display.live(`${parts.join(": ")} (${duration(display.elapsed() - start)})`);
  }, 1000);
  return {
    async run(name, work) {
      [current, detail, start] = [name, "", display.elapsed()];
      const result = await work();
      display.line(`${title}: ${name}: ${duration(result.seconds)}`);
      return result;
    },
    at(text) {
      detail = text;
    },
    end() {
      clearInterval(ticker);
      display.live("");
    },
  };
}
