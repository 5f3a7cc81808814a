import { expect, it } from "vitest";
import { tablesOf, tableToCsv } from "./figureTable";
import type { Table } from "./table";

const rows = (table: Table | undefined) => Array.from({ length: table?.count ?? 0 }, (_, index) => table?.row(index));
const titles = (table: Table | undefined) => table?.columns.map(({ title }) => title);
const axis = (text: string) => ({ title: { text } });

it("shows curves as columns over their common x, bands as two, and names what is not finite", () => {
  const [table] = tablesOf({
    data: [
      { uid: "a:band", name: "A", x: [1, 2, 2, 1], y: [5, 6, 2, 1], fill: "toself", mode: "lines" },
      { uid: "a", name: "A", x: [1, 2, 3], y: [3, 4, null], mode: "lines" },
      { uid: "a:odd", x: [3], y: [1], text: ["+infinity"], mode: "markers" },
      { uid: "b", name: "A", x: [2, 4], y: [7, 8], mode: "lines+markers" },
    ],
    layout: { xaxis: axis("step"), yaxis: axis("KL [nats]") },
  });
  expect(table?.caption).toBe("KL [nats]");
  expect(titles(table)).toEqual(["step", "A, highest", "A, lowest", "A", "A (2)"]);
  expect(rows(table)).toEqual([
    [1, 5, 1, 3, null],
    [2, 6, 2, 4, 7],
    [3, null, null, "+infinity", null],
    [4, null, null, null, 8],
  ]);
});

it("shows a heatmap as a row per module, with exponents as values, and its bars apart", () => {
  const tables = tablesOf({
    data: [
      {
        type: "heatmap",
        x: [0, 1],
        y: [0],
        z: [[2, null]],
        customdata: [
          [
            ["m.q", "L0 q"],
            ["m.k", "L0 k"],
          ],
        ],
        meta: { log: true },
      },
      { type: "scatter", uid: "r:odd", mode: "markers", x: [1], y: [0], text: ["not a number"] },
      { type: "bar", orientation: "h", name: "sum per layer", x: [100], y: [0] },
    ],
    layout: { coloraxis: { colorbar: axis("update_norm") } },
  });
  expect(titles(tables[0])).toEqual(["module", "parameter", "update_norm"]);
  expect(rows(tables[0])).toEqual([
    ["L0 q", "m.q", 100],
    ["L0 k", "m.k", "not a number"],
  ]);
  expect(rows(tables[1])).toEqual([[0, 100]]);
});

it("shows a heatmap over time as module, step and value, the top row first", () => {
  const [table] = tablesOf({
    data: [
      { type: "heatmap", name: "one", x: [1, 2], y: ["L0 q"], z: [[1, 2]], meta: { modules: ["m.q"] } },
      { type: "heatmap", name: "two", x: [1], y: ["L0 q", "L1 q"], z: [[3], [4]], meta: { modules: ["m.q", "n.q"] } },
    ],
    layout: {},
  });
  expect(titles(table)).toEqual(["run", "module", "step", "value"]);
  expect(rows(table)).toEqual([
    ["one", "L0 q", 1, 1],
    ["one", "L0 q", 2, 2],
    ["two", "L1 q", 1, 4],
    ["two", "L0 q", 1, 3],
  ]);
});

it("shows marks as rows and joins those at one place", () => {
  const mark = { mode: "markers", x: [2], y: [4] };
  const [table] = tablesOf({
    data: [
      { ...mark, uid: "a", name: "accepted", marker: { color: [0.5], coloraxis: "c" }, customdata: [[2, "x<br>y"]] },
      { ...mark, uid: "b", name: "chosen" },
    ],
    layout: { xaxis: axis("step"), yaxis: axis("factor"), coloraxis: { colorbar: axis("gain") } },
  });
  expect(titles(table)).toEqual(["step", "factor", "gain", "what became of it", "details"]);
  expect(rows(table)).toEqual([[2, 4, 0.5, "accepted, chosen", "x; y"]]);
});

it("writes CSV in full precision with words that other programs know", () => {
  const cells = [
    ['a "b"', 0.1 + 0.2],
    ["not a number", null],
    ["-infinity", 1e-12],
  ];
  const table: Table = {
    caption: "",
    columns: ["name, quoted", "value"].map((title) => ({ title, numeric: true })),
    count: 3,
    row: (index) => cells[index] as (string | number | null)[],
  };
  expect(tableToCsv(table)).toBe('"name, quoted",value\n"a ""b""",0.30000000000000004\nNaN,\n-inf,1e-12\n');
});
