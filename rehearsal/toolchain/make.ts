import { closeSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Display, duration } from "../kit/display.ts";
import { paths } from "../kit/paths.ts";
import { CommandFailure } from "./command.ts";
import { placeOf } from "./stamp.ts";
import { type Tool, verbs } from "./tool.ts";

const heartbeatSeconds = 30;

/** Makes one tool, and says so; `progress` is e.g. `2 of 8`. One that is interrupted leaves nothing in its place. */
export async function make(display: Display, tool: Tool, progress: string): Promise<void> {
  const { origin } = tool;
  const verb = verbs[origin.verb];
  const name = [tool.name, origin.version()].filter((part) => part !== undefined).join(" ");
  const target = placeOf(tool);
  const workplace = join(paths.bin, `.${tool.name.replace("/", "-")}.making`);
  const logFile = join(paths.logs, "toolchain.log");
  rmSync(workplace, { recursive: true, force: true });
  for (const folder of [dirname(target), workplace, paths.logs])
    mkdirSync(folder, { recursive: true, mode: 0o700 });

  const log = openSync(logFile, "a", 0o600);
  const start = display.elapsed();
  const what = `${verb.present} ${name} (${progress})`;
  display.line(what);
  const ticker = setInterval(
    () => {
      const text = `${what} ... ${Math.round(display.elapsed() - start)} s`;
      if (display.tty) display.live(text);
      else display.line(text);
    },
    display.tty ? 1000 : heartbeatSeconds * 1000,
  );
  try {
    const file = join(workplace, `${basename(tool.name)}.made`);
    const say = (line: string): void => {
      display.line(line);
    };
    await origin.make({ file, folder: workplace, log, say });
    renameSync(file, target);
  } catch (error) {
    const { output, hint } = error instanceof CommandFailure ? error : { output: "", hint: undefined };
    throw new Error(
      [
        `${tool.name} could not be ${verb.past} (${error instanceof Error ? error.message : String(error)}):`,
        output.trimEnd().split("\n").slice(-15).join("\n"),
        hint,
        `Everything it printed: ${logFile}`,
      ]
        .filter((line) => line !== undefined)
        .join("\n"),
      { cause: error },
    );
  } finally {
    clearInterval(ticker);
    closeSync(log);
    rmSync(workplace, { recursive: true, force: true });
  }
  display.line(`${verb.past} ${name} in ${duration(display.elapsed() - start)}`);
}
