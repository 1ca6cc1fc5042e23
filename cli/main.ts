/** `npm run lab -- VERB`: what one does with the lab from one day to the next. */
import { Command } from "@commander-js/extra-typings";
import { notBuilt } from "../messages/built.ts";
import { labCommand, refusalVariable } from "../messages/commands.ts";
import { exitCodes } from "../messages/failure.ts";
import { verbs } from "./commands/index.ts";
import { root } from "./stack/root.ts";

const program = new Command("npm run lab --")
  .description(
    "What one does with the lab, before it is up and after. Verbs read the stack's configuration and outputs.",
  )
  .option("-s, --stack <name>", "the lab's stack; default: the one that pulumi stack select chose")
  .helpCommand(false)
  .configureHelp({
    commandUsage: (command) =>
      labCommand(command.parent === null ? command.usage() : `${command.name()} ${command.usage()}`),
  })
  .showHelpAfterError("(--help says more)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage))
  .hook("preAction", (lab) => {
    const { stack } = lab.opts();
    // Pulumi and all that this starts then mean the same stack.
    if (stack !== undefined) process.env["PULUMI_STACK"] = stack;
    const refusal = notBuilt(root, "cli") ?? process.env[refusalVariable];
    if (refusal === undefined) return;
    console.error(refusal);
    process.exit(exitCodes.faulty);
  });
for (const verb of verbs) program.addCommand(verb.copyInheritedSettings(program));

// A reader that goes away, as in `npm run lab -- pods | head`, is no error.
process.stdout.on("error", () => undefined);

await program.parseAsync();
