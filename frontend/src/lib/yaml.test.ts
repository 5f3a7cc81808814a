import { expect, it } from "vitest";
import { toYaml } from "./yaml";

it("writes configurations as YAML", () => {
  const text = toYaml({
    name: "OPD, lr 1e-5",
    teacher: { kind: "model" },
    tags: [],
    list: [1, "a: b"],
    none: null,
    text: "a\nb",
  });
  expect(text.trimStart()).toBe(
    'name: OPD, lr 1e-5\nteacher:\n  kind: model\ntags: []\nlist:\n  - 1\n  - "a: b"\nnone: null\ntext: |-\n  a\n  b',
  );
});
