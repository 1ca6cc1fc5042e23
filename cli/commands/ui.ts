import { InvalidArgumentError } from "@commander-js/extra-typings";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { uiPort } from "../../plan/outputs.ts";
import { interrupted } from "../terminal/interrupted.ts";
import { clusterOf, hostOf, readOutputs, readSettings } from "../stack/lab.ts";
import { isSimulated, onlyOnRealNodes } from "../clusters/simulated.ts";
import { hasScreen, openPage } from "../ui/browser.ts";
import { forward } from "../ui/forward.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

export const ui = verb("ui", "Gloo Mesh's user interface, until Ctrl-C", "ui --port 0 --no-open")
  .option("--port <port>", "port of this machine; 0 is any that is free", portNumber, uiPort)
  .option("--no-open", "open no browser")
  .action((options) => present(options, opened(options)));

const patience = 60;

async function opened({ port: wanted, open }: { port: number; open: boolean }): Promise<Report> {
  const [settings, outputs] = await Promise.all([readSettings(), readOutputs()]);
  if (await isSimulated(hostOf(settings))) throw onlyOnRealNodes("There is no user interface");
  // From here on nothing ends this process but the end of the verb.
  const end = interrupted();
  const { port, pod, close } = await forward({
    cluster: clusterOf(outputs, settings.management.name),
    service: { namespace: glooMeshNamespace, name: "gloo-mesh-ui", port: uiPort },
    port: wanted,
    patience,
    say: (line) => {
      console.error(line);
    },
  });
  const url = `http://localhost:${port}`;
  return {
    facts: { url, pod },
    text: `Gloo Mesh is at ${url} (pod ${pod}). Ctrl-C ends this.`,
    until: async () => {
      const problem = open && hasScreen() ? await openPage(url) : undefined;
      if (problem !== undefined) console.error(`No browser opened: ${problem}`);
      await end;
      await close();
    },
  };
}

function portNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number < 65_536) return number;
  throw new InvalidArgumentError("Expected a port, 0 to 65535.");
}
