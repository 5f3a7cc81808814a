/** The board of pictures as it stands in the URL: which pictures, where, how large. */
import { cloneLayout, type Layout, type LayoutItem, moveElement, verticalCompactor } from "react-grid-layout/core";
import { type Asked, panelParams, type Search } from "~/lib/urlParams";

export const COLUMNS = 12;
const LEAST = { w: 3, h: 4 };
const MOST = { items: 40, h: 40, y: 2000 };
const EMPTY = "-";

/** A picture on the board; its parameters stand in the URL under its scope, `p` and the id. */
export interface BoardItem {
  id: number;
  name: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

export const SIZES = {
  small: { label: "A third wide", w: 4, h: 6 },
  medium: { label: "Half as wide as the page", w: 6, h: 7 },
  wide: { label: "As wide as the page", w: 12, h: 7 },
  tall: { label: "Half as wide, tall", w: 6, h: 12 },
} as const;

type Start = BoardItem & { defaults: Search };

const START: readonly Start[] = [
  start(1, "scalars", 0, 0, 4, 6, { keys: "eval/reverse_kl" }),
  start(2, "scalars", 4, 0, 4, 6, { keys: "eval/accuracy,eval/teacher_accuracy" }),
  start(3, "spectrum", 8, 0, 4, 6, { statistic: "effective_rank" }),
  start(4, "module_allocation", 0, 6, 6, 9, { mode: "over_time" }),
  start(5, "alignment", 6, 6, 6, 9, { grouping: "depth", x: "log2" }),
  start(6, "position", 0, 15, 6, 6, {}),
  start(7, "scalars", 6, 15, 6, 6, { keys: "entropy_student,entropy_teacher,entropy_gap" }),
];

function start(id: number, name: string, x: number, y: number, w: number, h: number, defaults: Search): Start {
  return { id, name, x, y, w, h, defaults };
}

/** The board that a run begins with. */
export const STARTING_BOARD: readonly BoardItem[] = START.map(({ defaults: _, ...item }) => item);

/** What a picture of the starting board shows while the URL says nothing else. */
export function defaultsOf({ id, name }: BoardItem): Search | undefined {
  return START.find((item) => item.id === id && item.name === name)?.defaults;
}

export function scopeOf({ id }: BoardItem): string {
  return `p${id}`;
}

/** `1.scalars.0.0.4.6~2.alignment.4.0.4.6`: id, panel, left, top, width, height. */
export function encodeBoard(items: readonly BoardItem[]): string {
  if (items.length === 0) return EMPTY;
  return items.map(({ id, name, x, y, w, h }) => [id, name, x, y, w, h].join(".")).join("~");
}

/** What cannot be read is left out; nothing at all gives the starting board. */
export function decodeBoard(text: string | undefined): BoardItem[] {
  if (text === undefined) return [...STARTING_BOARD];
  if (text === EMPTY) return [];
  const items = text.split("~").slice(0, MOST.items).flatMap(decodeItem);
  const distinct = items.filter(({ id }, index) => items.findIndex((other) => other.id === id) === index);
  return settled(distinct);
}

function decodeItem(text: string): BoardItem[] {
  const [id, name, ...place] = text.split(".");
  const [x, y, w, h] = place.map(Number);
  const numbers = [Number(id), x, y, w, h] as number[];
  if (name === undefined || !/^[a-z_]{1,64}$/.test(name) || !numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    return [];
  }
  return [sized({ id: Number(id), name, x: x as number, y: y as number, w: w as number, h: h as number })];
}

function sized(item: BoardItem): BoardItem {
  const w = Math.min(COLUMNS, Math.max(LEAST.w, item.w));
  return {
    ...item,
    w,
    h: Math.min(MOST.h, Math.max(LEAST.h, item.h)),
    x: Math.min(COLUMNS - w, item.x),
    y: Math.min(MOST.y, item.y),
  };
}

/** All that the URL says of a board, in one order however it came about. */
export function boardSearch(search: Asked, items: readonly BoardItem[]): Search {
  const scopes = items.map(scopeOf).sort();
  const params = scopes.flatMap((scope) =>
    Object.entries(panelParams(search, scope))
      .map(([name, value]): [string, string] => [`${scope}.${name}`, value])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return { board: encodeBoard(items), ...Object.fromEntries(params) };
}

/** For the grid, which names its items by text. */
export function toGrid(items: readonly BoardItem[]): LayoutItem[] {
  return items.map(({ id, x, y, w, h }) => ({ i: String(id), x, y, w, h, minW: LEAST.w, minH: LEAST.h, maxH: MOST.h }));
}

/** The items where the grid has put them. */
export function placed(items: readonly BoardItem[], grid: Layout): BoardItem[] {
  const places = new Map(grid.map((place) => [place.i, place]));
  return inOrder(
    items.map((item) => {
      const place = places.get(String(item.id));
      return place === undefined ? item : { ...item, x: place.x, y: place.y, w: place.w, h: place.h };
    }),
  );
}

/** As they are read: from top to bottom, from left to right. */
export function inOrder(items: readonly BoardItem[]): BoardItem[] {
  return [...items].sort((a, b) => a.y - b.y || a.x - b.x);
}

function settled(items: readonly BoardItem[]): BoardItem[] {
  return placed(items, verticalCompactor.compact(toGrid(items), COLUMNS));
}

export function added(items: readonly BoardItem[], name: string): BoardItem[] {
  const { w, h } = SIZES.medium;
  return settled([...items, { id: nextId(items), name, x: 0, y: below(items), w, h }]);
}

/** Ids of the starting board keep their meaning: new ones come after it. */
export function nextId(items: readonly BoardItem[]): number {
  return Math.max(0, ...items.map(({ id }) => id), ...STARTING_BOARD.map(({ id }) => id)) + 1;
}

function below(items: readonly BoardItem[]): number {
  return Math.max(0, ...items.map(({ y, h }) => y + h));
}

export function duplicated(items: readonly BoardItem[], id: number): BoardItem[] {
  const copy = (item: BoardItem) => ({ ...item, id: nextId(items), y: item.y + item.h });
  return settled(items.flatMap((item) => (item.id === id ? [item, copy(item)] : [item])));
}

export function removed(items: readonly BoardItem[], id: number): BoardItem[] {
  return settled(items.filter((item) => item.id !== id));
}

export function resized(items: readonly BoardItem[], id: number, size: { w: number; h: number }): BoardItem[] {
  return settled(items.map((item) => (item.id === id ? sized({ ...item, ...size }) : item)));
}

export type Direction = "left" | "right" | "up" | "down";

/** One column to a side; up and down change places with the neighbour there. */
export function moved(items: readonly BoardItem[], id: number, direction: Direction): BoardItem[] {
  const grid = cloneLayout(toGrid(items)) as LayoutItem[];
  const item = grid.find(({ i }) => i === String(id));
  if (item === undefined) return [...items];
  const beside = grid.filter((other) => other !== item && other.x < item.x + item.w && item.x < other.x + other.w);
  const above = beside.filter(({ y }) => y < item.y).sort((a, b) => b.y - a.y)[0];
  const under = beside.filter(({ y }) => y > item.y).sort((a, b) => a.y - b.y)[0];
  const target = {
    left: { x: Math.max(0, item.x - 1), y: item.y },
    right: { x: Math.min(COLUMNS - item.w, item.x + 1), y: item.y },
    up: { x: item.x, y: above?.y ?? item.y },
    down: { x: item.x, y: under === undefined ? item.y : item.y + under.h },
  }[direction];
  const after = moveElement(grid, item, target.x, target.y, true, false, "vertical", COLUMNS);
  return settled(placed(items, after));
}
