/** Resolves when the user, or whoever started this, wants it to end. */
export const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      resolve();
    };
    process.once("SIGINT", end).once("SIGTERM", end);
  });
