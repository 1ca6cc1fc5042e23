/** A plugin of the engine that can do nothing but say its version, the first argument; the second is `silent` or nothing. */
import { serve } from "../../plugins/server.ts";

const [version = "", how] = process.argv.splice(2);
if (how === "silent") setInterval(() => undefined, 1000);
else serve({ name: "toy", version });
