import { expect, it } from "vitest";
import { usualReference } from "./compared";

const entry = (key: string, ...latest: object[]) => ({
  key,
  runs: latest.map((each) => ({ latest: each, looks_ahead: key.endsWith("effopd"), created_at: key.length })),
});

it("measures against the first run or group that has points, if any has", () => {
  const queued = entry("queued", {});
  const group = entry("group:opd", {}, { "eval/reverse_kl": 0.5 });
  expect(usualReference([queued, group, entry("the last of all", { loss: 1 })])).toBe(group);
  expect(usualReference([queued, entry("also queued", {})])).toBe(queued);
  expect(usualReference([])).toBeUndefined();
});

it("measures what looks ahead against plain training, wherever that stands", () => {
  const [ahead, queued, plain] = [entry("effopd", { loss: 1 }), entry("queued", {}), entry("opd", { loss: 1 })];
  expect(usualReference([ahead, queued, plain])).toBe(plain);
  expect(usualReference([queued, ahead])).toBe(ahead);
  const later = entry("opd, begun later", { loss: 1 });
  expect(usualReference([later, ahead, plain])).toBe(plain);
});
