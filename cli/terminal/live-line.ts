/** What of a stream a live line needs. */
export interface LiveOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What is under way, with the time since it began. */
export interface LiveLine {
  readonly show: (text: string) => void;
  /** Leaves what is written after it a line of its own. */
  readonly end: () => void;
}

const clearLine = "\r\u001b[K";
const quietMs = 5000;

/** A line that a terminal redraws in place; elsewhere one now and then. */
export function liveLine(output: LiveOutput = process.stderr, now: () => number = Date.now): LiveLine {
  const start = now();
  let shown = -Infinity;
  return {
    show(text) {
      const line = `[${((now() - start) / 1000).toFixed(1)} s] ${text}`;
      if (output.isTTY === true) output.write(`${clearLine}${line}`);
      else if (now() - shown >= quietMs) {
        shown = now();
        output.write(`${line}\n`);
      }
    },
    end() {
      if (output.isTTY === true) output.write(clearLine);
    },
  };
}
