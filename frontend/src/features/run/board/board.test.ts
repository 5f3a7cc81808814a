import { expect, it } from "vitest";
import {
  added,
  type BoardItem,
  boardSearch,
  decodeBoard,
  defaultsOf,
  duplicated,
  encodeBoard,
  inOrder,
  moved,
  nextId,
  removed,
  resized,
  STARTING_BOARD,
} from "./board";

const item = (id: number, x: number, y: number, w = 4, h = 6): BoardItem => ({ id, name: "scalars", x, y, w, h });
const places = (items: readonly BoardItem[]) => items.map(({ id, x, y }) => [id, x, y]);

it("goes into the URL and comes back the same", () => {
  const items = [item(1, 0, 0), item(9, 4, 0, 8, 12)];
  expect(encodeBoard(items)).toBe("1.scalars.0.0.4.6~9.scalars.4.0.8.12");
  expect(decodeBoard(encodeBoard(items))).toEqual(items);
  expect(decodeBoard(encodeBoard([]))).toEqual([]);
  expect(decodeBoard(encodeBoard(STARTING_BOARD))).toEqual(STARTING_BOARD);
  expect(decodeBoard(undefined)).toEqual(STARTING_BOARD);
});

it("leaves out what it cannot read, keeps items inside, apart and without holes", () => {
  expect(decodeBoard("x~1.scalars.0.0~2.<b>.0.0.4.6~3.scalars.a.0.4.6~4.scalars.-1.0.4.6")).toEqual([]);
  expect(decodeBoard("1.scalars.11.9.99.1")).toEqual([item(1, 0, 0, 12, 4)]);
  expect(places(decodeBoard("1.scalars.0.0.6.6~2.scalars.3.2.6.6~1.scalars.0.0.4.6"))).toEqual([
    [1, 0, 0],
    [2, 3, 6],
  ]);
});

it("adds below, duplicates under the original, and gives new ids", () => {
  const one = added([item(1, 0, 0)], "alignment");
  expect(one[1]).toMatchObject({ name: "alignment", x: 0, y: 6 });
  expect(one[1]?.id).toBe(nextId([]));
  expect(places(duplicated([item(1, 0, 0), item(2, 0, 6)], 1))).toEqual([
    [1, 0, 0],
    [nextId([]), 0, 6],
    [2, 0, 12],
  ]);
  expect(defaultsOf(one[1] as BoardItem)).toBeUndefined();
  expect(defaultsOf(STARTING_BOARD[0] as BoardItem)).toEqual({ keys: "eval/reverse_kl" });
});

it("closes the hole that a removed picture leaves, and makes room for a larger one", () => {
  const items = [item(1, 0, 0), item(2, 4, 0), item(3, 0, 6)];
  expect(places(removed(items, 1))).toEqual([
    [3, 0, 0],
    [2, 4, 0],
  ]);
  expect(places(inOrder(resized(items, 1, { w: 12, h: 7 })))).toEqual([
    [1, 0, 0],
    [3, 0, 7],
    [2, 4, 7],
  ]);
});

it("changes places with the neighbour above or below, and slides to the sides", () => {
  const items = [item(1, 0, 0), item(2, 0, 6)];
  const swapped = [
    [2, 0, 0],
    [1, 0, 6],
  ];
  expect(places(moved(items, 2, "up"))).toEqual(swapped);
  expect(places(moved(items, 1, "down"))).toEqual(swapped);
  expect(places(moved(items, 1, "up"))).toEqual(places(items));
  expect(places(moved([item(1, 0, 0)], 1, "right"))).toEqual([[1, 1, 0]]);
  expect(places(moved([item(1, 8, 0)], 1, "right"))).toEqual([[1, 8, 0]]);
});

it("is saved with the settings of its own pictures, in one order", () => {
  const items = [item(1, 0, 0), item(9, 4, 0)];
  const search = { tab: "board", "p9.x": "tokens", "p9.keys": "loss", "p1.log": "true", "p2.log": "true" };
  const saved = boardSearch(search, items);
  expect(saved).toEqual({ board: encodeBoard(items), "p1.log": "true", "p9.keys": "loss", "p9.x": "tokens" });
  expect(Object.keys(saved)).toEqual(["board", "p1.log", "p9.keys", "p9.x"]);
});
