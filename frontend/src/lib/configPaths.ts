/** Configurations as dotted paths: reading, setting, and what differs between two of them. */

export type Values = { [key: string]: unknown };

export interface Difference {
  path: string;
  before: unknown;
  after: unknown;
}

export function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function same(a: unknown, b: unknown): boolean {
  if (isValues(a) && isValues(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => same(a[key], b[key]));
  }
  return JSON.stringify(a) === JSON.stringify(b);
}

export function valueAt(values: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((node, key) => (isValues(node) ? node[key] : undefined), values);
}

/** A copy with one value set; undefined takes the key away. */
export function withValue(values: Values, path: string, value: unknown): Values {
  const [first = "", ...rest] = path.split(".");
  const copy = { ...values };
  if (rest.length > 0) {
    const inner = copy[first];
    copy[first] = withValue(isValues(inner) ? inner : {}, rest.join("."), value);
  } else if (value === undefined) delete copy[first];
  else copy[first] = value;
  return copy;
}

/** Each value that differs. Where another kind was chosen, that alone: its settings are not those of the old kind. */
export function differences(before: unknown, after: unknown, path = ""): Difference[] {
  if (!isValues(before) || !isValues(after)) return same(before, after) ? [] : [{ path, before, after }];
  if (before.kind !== after.kind && !sameKeys(before, after)) {
    return [{ path: joined(path, "kind"), before: before.kind, after: after.kind }];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], joined(path, key)));
}

/** The configuration with one difference undone. */
export function putBack(config: Values, origin: Values, { path }: Difference): Values {
  const parent = path.replace(/\.?kind$/, "");
  const [was, is] = [valueAt(origin, parent), valueAt(config, parent)];
  const whole = path !== parent && isValues(was) && isValues(is) && !sameKeys(was, is);
  return whole ? withValue(config, parent, was) : withValue(config, path, valueAt(origin, path));
}

function sameKeys(a: Values, b: Values): boolean {
  const given = (values: Values) => Object.keys(values).filter((key) => values[key] !== undefined);
  return given(a).sort().join() === given(b).sort().join();
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
