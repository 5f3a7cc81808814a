// @vitest-environment jsdom
import { MantineProvider } from "@mantine/core";
import { render } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import PinnedValues from "./PinnedValues";

it("tells runs of one name apart", () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  const complained = vi.spyOn(console, "error");
  const line = (y: number) => ({ type: "scatter", mode: "lines", name: "same", x: [0, 1], y: [0, y] });
  const figure = { data: [line(2), line(3)], layout: { xaxis: { title: "step" } } };
  const { container } = render(
    <MantineProvider>
      <PinnedValues figure={figure} title="Loss" x={1} onClose={() => {}} />
    </MantineProvider>,
  );
  expect(Array.from(container.querySelectorAll("strong"), ({ textContent }) => textContent)).toEqual(["2", "3"]);
  expect(complained).not.toHaveBeenCalled();
});
