// @vitest-environment jsdom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { RunConfig } from "~/api/types";
import type { Difference } from "~/lib/configPaths";
import type { FieldProblem } from "~/lib/formErrors";
import ConfigForm from "./ConfigForm";

const schema = {
  $defs: {
    Demo: {
      title: "Built-in demo model",
      description: "One of two.",
      type: "object",
      properties: { kind: { const: "demo", default: "demo", type: "string" } },
    },
    Hub: {
      title: "Hugging Face hub",
      type: "object",
      properties: {
        kind: { const: "hub", default: "hub", type: "string" },
        repo_id: { type: "string", title: "Repo Id", description: "For example org/model." },
      },
    },
    Teacher: {
      title: "Teacher",
      type: "object",
      properties: { weight: { type: "number", title: "Weight", default: 1 } },
    },
    Budget: {
      title: "Budget",
      type: "object",
      properties: {
        steps: { type: "integer", minimum: 1, title: "Steps", description: "Optimizer steps.", "x-first": true },
        micro_batch_size: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], title: "Micro Batch Size" },
      },
    },
  },
  type: "object",
  properties: {
    name: { type: "string", title: "Name" },
    student: {
      title: "Student",
      description: "The model that is trained.",
      discriminator: { propertyName: "kind", mapping: { demo: "#/$defs/Demo", hub: "#/$defs/Hub" } },
      oneOf: [{ $ref: "#/$defs/Demo" }, { $ref: "#/$defs/Hub" }],
    },
    budget: { $ref: "#/$defs/Budget", description: "How long." },
    ends: { type: "array", title: "Ends", items: { type: "string" }, default: [] },
    arguments: { type: "object", title: "Arguments", description: "By name.", additionalProperties: true, default: {} },
    teachers: { type: "array", title: "Teachers", minItems: 1, items: { $ref: "#/$defs/Teacher" } },
  },
  sections: [
    { title: "Model", fields: ["student"] },
    { title: "Budget", fields: ["budget"] },
    { title: "Arguments", fields: ["arguments", "ends"], folded: true },
    { title: "Run", fields: [] },
  ],
};

function draw(problems: FieldProblem[] = [], changes: Difference[] = [], all = false) {
  const onChange = vi.fn<(config: RunConfig) => void>();
  const onPutBack = vi.fn<(difference: Difference) => void>();
  const config = {
    name: "a",
    student: { kind: "hub", repo_id: "org/model" },
    budget: { steps: 8, micro_batch_size: null },
    ends: ["</s>"],
    arguments: { enable_thinking: false },
    teachers: [{ weight: 2 }, { weight: 3 }],
  } as unknown as RunConfig;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider>
        <ConfigForm
          id="form"
          schema={schema}
          config={config}
          problems={problems}
          changes={changes}
          all={all}
          onChange={onChange}
          onPutBack={onPutBack}
          onSubmit={() => undefined}
        />
      </MantineProvider>
    </QueryClientProvider>,
  );
  return { onChange, onPutBack };
}

it("draws sections, labels, help and the chosen variant of a union", () => {
  draw();
  const student = within(screen.getByRole("group", { name: "Student" }));
  expect(student.getByText("The model that is trained.")).toBeTruthy();
  expect(student.getByLabelText("Repo id")).toHaveProperty("value", "org/model");
  const budget = within(screen.getByRole("group", { name: "Budget" }));
  expect(budget.getByText("Optimizer steps. At least 1.")).toBeTruthy();
  expect(budget.getByLabelText("Micro batch size")).toHaveProperty("value", "");
});

it("hands on numbers as numbers and what is no number as it was typed", () => {
  const { onChange } = draw();
  const steps = screen.getByLabelText("Steps");
  fireEvent.change(steps, { target: { value: "1e2" } });
  expect(onChange.mock.calls.at(-1)?.[0].budget.steps).toBe(100);
  fireEvent.change(steps, { target: { value: "many" } });
  expect(onChange.mock.calls.at(-1)?.[0].budget.steps).toBe("many");
});

it("shows what the server refused beside the field", () => {
  draw([
    { path: "budget.steps", message: "Input should be at least 1" },
    { path: "student.kind", message: "student.kind and data.kind belong together" },
  ]);
  expect(document.getElementById("root_budget_steps-error")?.textContent).toBe("Input should be at least 1");
  const student = within(screen.getByRole("group", { name: "Student" }));
  expect(student.getByText("student.kind and data.kind belong together")).toBeTruthy();
});

it("shows what is wrong with a whole choice once, in its group", () => {
  draw([{ path: "student", message: "has no tokenizer" }]);
  expect(within(screen.getByRole("group", { name: "Student" })).getByText("Has no tokenizer")).toBeTruthy();
});

it("keeps in sight what must be decided, and folds the rest away until every setting is asked for", () => {
  draw([{ path: "budget.micro_batch_size", message: "too small" }]);
  const more = within(screen.getByTestId("section-Budget")).getByText("1 more").closest("details");
  expect(more).toHaveProperty("open", false);
  expect(more?.contains(screen.getByLabelText("Micro batch size"))).toBe(true);
  expect(more?.contains(screen.getByLabelText("Steps"))).toBe(false);
  expect(within(more as HTMLElement).getByText("1 refused")).toBeTruthy();
  draw([], [], true);
  for (const part of document.body.lastElementChild?.querySelectorAll("details") ?? []) {
    expect(part.open).toBe(true);
  }
});

it("folds into sections whose line says what they hold, what was changed and what is refused", () => {
  const change = { path: "budget.steps", before: 64, after: 8 };
  const { onPutBack } = draw([{ path: "budget.steps", message: "a" }], [change]);
  const section = within(screen.getByTestId("section-Budget"));
  expect(section.getByText("Steps 8 · Micro batch size not set")).toBeTruthy();
  expect(section.getByText("1 changed")).toBeTruthy();
  expect(section.getByText("1 refused")).toBeTruthy();
  expect(within(screen.getByTestId("section-Run")).getByLabelText("Name")).toHaveProperty("value", "a");
  fireEvent.click(screen.getByRole("button", { name: "Put budget › steps back to 64" }));
  expect(onPutBack).toHaveBeenCalledWith(change);
});

it("lists entries that can be added and taken out", () => {
  const { onChange } = draw();
  fireEvent.click(screen.getByRole("button", { name: "Add to teachers" }));
  expect(onChange.mock.calls.at(-1)?.[0]).toMatchObject({ teachers: [{ weight: 2 }, { weight: 3 }, { weight: 1 }] });
  fireEvent.click(screen.getByRole("button", { name: "Remove number 1" }));
  expect(onChange.mock.calls.at(-1)?.[0]).toMatchObject({ teachers: [{ weight: 3 }, { weight: 1 }] });
});

it("takes values of whatever names as a line of text, in a section that starts folded", () => {
  const { onChange } = draw([{ path: "arguments", message: "should be a dictionary" }]);
  expect(screen.getByTestId("section-Arguments")).toHaveProperty("open", false);
  expect(screen.getByTestId("section-Budget")).toHaveProperty("open", true);
  const field = screen.getByLabelText("Arguments");
  expect(field).toHaveProperty("value", "enable_thinking: false");
  expect(document.getElementById("root_arguments-error")?.textContent).toBe("Should be a dictionary");
  fireEvent.change(field, { target: { value: "enable_thinking: true, budget: 10" } });
  expect(onChange.mock.calls.at(-1)?.[0]).toMatchObject({ arguments: { enable_thinking: true, budget: 10 } });
  fireEvent.change(field, { target: { value: "enable_th" } });
  expect(onChange.mock.calls.at(-1)?.[0]).toMatchObject({ arguments: "enable_th" });
  const ends = screen.getByLabelText("Ends");
  expect(ends).toHaveProperty("value", "</s>");
  fireEvent.change(ends, { target: { value: "</s>, <|im_end|>" } });
  expect(onChange.mock.calls.at(-1)?.[0]).toMatchObject({ ends: ["</s>", "<|im_end|>"] });
});
