const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity of Kubernetes stands for, e.g. 0.5 for `500m`. */
export function numberOf(quantity: string | number | undefined = 0): number {
  const [, number = "", suffix = ""] =
    /^([-+.\d]+(?:[eE][-+]?\d+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  const factor = factors[suffix];
  if (number === "" || factor === undefined) throw new Error(`${quantity} is no quantity of Kubernetes`);
  return Number(number) * factor;
}
