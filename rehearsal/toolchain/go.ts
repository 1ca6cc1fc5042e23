import { type CommandRun, type Hints, runCommand } from "./command.ts";

/** What a failure of Go most often means. */
export const goHints: Hints = [
  [
    /no space left on device/i,
    "The disk is full. Make room for Go's caches, or set GOCACHE and GOMODCACHE to places that have it.",
  ],
  [
    /requires go >= |toolchain not available|unknown directive: toolchain|invalid go version/,
    "This Go is too old: install the version that the go.mod in rehearsal/toolchain asks for, or newer.",
  ],
  [
    /dial tcp|no such host|i\/o timeout|connection refused|TLS handshake|proxyconnect|x509:|40[37] Forbidden|disabled by GOPROXY/,
    "Go's module proxy could not be reached: check the network, HTTPS_PROXY and GOPROXY (go env GOPROXY).",
  ],
  [
    /checksum mismatch|missing go\.sum entry|updates to go\.mod needed/,
    "go.mod and go.sum in rehearsal/toolchain do not fit together: restore them with git.",
  ],
  [/signal: killed/, "The compiler was killed, most likely for want of memory: about 4 GiB are needed."],
];

/**
 * Runs Go, and gives what it prints to standard output.
 *
 * @throws CommandFailure where it says no
 */
export const runGo = (args: readonly string[], { env, ...run }: Omit<CommandRun, "hints">): Promise<string> =>
  runCommand("go", args, { ...run, env: { CGO_ENABLED: "0", GOWORK: "off", ...env }, hints: goHints });
