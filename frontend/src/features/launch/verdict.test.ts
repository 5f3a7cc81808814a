import { expect, it } from "vitest";
import type { Plan } from "~/api/types";
import { isTooLarge, memoryWords, placeWords } from "./verdict";

const GIB = 2 ** 30;
const place = { queue: "any", workers: ["a"], free_workers: 1, queued_before: 0, memory_total: 8 * GIB };
const planned = (needs: number | null, at: object = {}) =>
  ({ footprint: needs === null ? null : { memory_bytes: needs }, place: { ...place, ...at } }) as unknown as Plan;

it("says whether a run fits on the machine that would take it", () => {
  expect(memoryWords(planned(2 * GIB))).toBe("fits: about 2 GiB of memory, the machine has 8 GiB");
  expect(memoryWords(planned(9 * GIB))).toBe("too large: about 9 GiB of memory, the machine has 8 GiB");
  expect(memoryWords(planned(2 * GIB, { memory_total: null }))).toBe("about 2 GiB of memory");
  expect(memoryWords(planned(null))).toBe("memory not known");
  expect(isTooLarge(planned(null))).toBeNull();
});

it("says when it would begin", () => {
  expect(placeWords(planned(1))).toBe("starts at once");
  expect(placeWords(planned(1, { free_workers: 0 }))).toBe("starts after the run in progress");
  expect(placeWords(planned(1, { queued_before: 2 }))).toBe("2 waiting before it");
  expect(placeWords(planned(1, { workers: [] }))).toContain("no worker is alive");
});
