/** Where the driver reports: lines with the time since the start, and one line that may change on a terminal. */
export interface Display {
  readonly tty: boolean;
  /** Seconds since the start. */
  elapsed(): number;
  /** A line with the elapsed time in front. */
  line(text: string): void;
  /** Text as it is. */
  plain(text: string): void;
  /** What is under way, redrawn in place; nothing where the output is not a terminal. */
  live(text: string): void;
}

/** What of a stream a display needs. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const clearLine = "\r\u001b[K";

/** A display on a stream; `now` gives milliseconds. */
export function createDisplay(output: Output, now: () => number = Date.now): Display {
  const start = now();
  const tty = output.isTTY === true;
  const elapsed = (): number => (now() - start) / 1000;
  const clear = tty ? clearLine : "";
  return {
    tty,
    elapsed,
    line(text) {
      output.write(`${clear}${stamp(elapsed())} ${text}\n`);
    },
    plain(text) {
      output.write(`${clear}${text}\n`);
    },
    live(text) {
      if (!tty) return;
      const { columns = 0 } = output;
      const width = (columns > 0 ? columns : 80) - 1;
      const line = text === "" ? "" : `${stamp(elapsed())} ${text}`;
      output.write(`${clear}${line.length > width ? `${line.slice(0, width - 3)}...` : line}`);
    },
  };
}

const stamp = (seconds: number): string => `[${seconds.toFixed(1).padStart(6)}s]`;

/** Whole seconds where they are many, tenths where they are few. */
export const duration = (seconds: number): string =>
  seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
