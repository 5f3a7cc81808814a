import { expect, it } from "vitest";
import { figureToCsv } from "./csv";

it("writes a figure's numbers as CSV", () => {
  const csv = figureToCsv({
    data: [
      { name: 'a "b"', x: [1], y: [2] },
      { uid: "h", x: ["q", "k"], y: [0], z: [[5, null]] },
    ],
    layout: {},
  });
  expect(csv).toBe('trace,x,y,z\n"a ""b""",1,2,\nh,q,0,5\nh,k,0,\n');
});
