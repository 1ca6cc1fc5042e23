import open from "open";

/**
 * Whether there is a screen on which a browser could open.
 *
 * @param environment variables of this process
 */
export function hasScreen(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  const is = (...names: readonly string[]) => names.some((name) => (environment[name] ?? "") !== "");
  if (is("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")) return true;
  return ["darwin", "win32"].includes(platform) && !is("SSH_CONNECTION");
}

/** Opens a page in the user's browser; undefined where that worked, else why it did not. */
export async function openPage(url: string): Promise<string | undefined> {
  try {
    await open(url);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
