import { Button, NumberInput, Switch, Textarea, TextInput } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "~/api/client";
import { startImport } from "~/api/imports";
import { runKeys } from "~/api/runs";
import { ErrorBox } from "~/components/ErrorBox";
import { type FieldProblem, segments, sentence } from "~/lib/formErrors";
import classes from "./AnalysePage.module.css";
import { placesOf } from "./series";

const MOST_DIRECTIONS = 32;

interface SeriesFormProps {
  base: string;
  /** One place a line. */
  checkpoints: string;
  onBase: (base: string) => void;
  onCheckpoints: (checkpoints: string) => void;
}

/** What is measured, and the way to the run that shows it. */
export function SeriesForm({ base, checkpoints, onBase, onCheckpoints }: SeriesFormProps) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [k, setK] = useState(20);
  const [exact, setExact] = useState(false);
  const places = placesOf(checkpoints);
  const start = useMutation({
    mutationFn: () =>
      startImport({ base: base.trim(), checkpoints: places, name: name.trim(), k, exact, device: "auto" }),
    onSuccess: async (run) => {
      cache.setQueryData(runKeys.detail(run.id), run);
      void cache.invalidateQueries({ queryKey: runKeys.lists });
      await navigate({ to: "/runs/$runId", params: { runId: run.id } });
    },
  });
  const fields = start.error instanceof ApiError ? start.error.fields : [];
  const wrong = (field: string) => problemOf(fields, field, places);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    start.mutate();
  };

  return (
    <form className={`card ${classes.card} ${classes.form}`} onSubmit={submit} data-testid="series-form">
      <TextInput
        size="sm"
        label="Base"
        description="The weights that training began from: a folder on the worker, a hub model (owner/name), or a run (ID@STEP)."
        value={base}
        error={wrong("base")}
        onChange={(event) => onBase(event.currentTarget.value)}
        data-testid="series-base"
      />
      <Textarea
        label="Checkpoints"
        description="One a line: checkpoint folders, output folders that hold several, or runs (ID). Steps come from the names."
        autosize
        minRows={3}
        maxRows={12}
        value={checkpoints}
        error={wrong("checkpoints")}
        onChange={(event) => onCheckpoints(event.currentTarget.value)}
        data-testid="series-checkpoints"
      />
      <TextInput
        size="sm"
        label="Name"
        description="Of the run that shows them."
        placeholder="after the first checkpoint"
        value={name}
        maxLength={200}
        error={wrong("name")}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NumberInput
        label="Leading directions kept per module"
        description="For the alignment of subspaces; the paper's k is 20."
        min={1}
        max={MOST_DIRECTIONS}
        allowDecimal={false}
        value={k}
        error={wrong("k")}
        onChange={(value) => setK(typeof value === "number" ? value : 20)}
      />
      <Switch
        label="Exact: all singular values in float64, instead of within 0.1% of the effective rank"
        checked={exact}
        onChange={(event) => setExact(event.currentTarget.checked)}
      />
      {start.error && fields.length === 0 && <ErrorBox title="Nothing was started" error={start.error} />}
      <Button
        variant="filled"
        type="submit"
        size="sm"
        leftSection={<IconStack2 size={16} />}
        loading={start.isPending}
        disabled={base.trim() === "" || places.length === 0}
        data-testid="series-start"
      >
        Measure these checkpoints
      </Button>
    </form>
  );
}

/** The first problem of a field, with the line that it is about. */
function problemOf(fields: readonly FieldProblem[], field: string, places: readonly string[]): string | undefined {
  const problem = fields.find(({ path }) => segments(path)[0] === field);
  if (problem === undefined) return undefined;
  const line = segments(problem.path)[1];
  const place = line === undefined ? undefined : places[Number(line)];
  return `${place === undefined || problem.message.includes(place) ? "" : `${place}: `}${sentence(problem.message)}`;
}
