/** How many letters must be put in, left out or exchanged to make one word of another. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const exchanged = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** People write `service-cidr` and `serviceCIDR` for `serviceCidr`. */
const folded = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, "");

/** How far a word is from one that was perhaps meant; undefined: too far. */
export function errors(word: string, meant: string): number | undefined {
  const [a, b] = [folded(word), folded(meant)];
  if (a === b) return 0;
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  // `gloo` for `glooMesh`, `workload` for `workloads`.
  if (shorter.length > 2 && longer.startsWith(shorter)) return 1;
  const found = distance(a, b);
  return found <= Math.max(1, Math.floor(longer.length / 3)) && found < shorter.length ? found : undefined;
}
