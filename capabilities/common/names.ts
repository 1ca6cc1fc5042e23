/** A key as it is written in names of files and resources: `faultInjection` is `fault-injection`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
