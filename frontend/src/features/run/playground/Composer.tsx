import { Button, Collapse, MultiSelect, NumberInput, Select, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { checkpointsQuery, decisionsQuery } from "~/api/runs";
import { voiceOf } from "~/api/talk";
import type { Playground, QuestionIn, RunDetail } from "~/api/types";
import { useView } from "~/components/useView";
import { integer, list } from "~/lib/urlParams";
import classes from "./Playground.module.css";
import { MOST_VOICES, voicesOf } from "./voices";

const LONGEST_IN_ADDRESS = 2000;

interface ComposerProps {
  run: RunDetail;
  about: Playground["about"];
  asking: boolean;
  onAsk: (question: QuestionIn) => void;
}

/** Who is asked, and what; the address has both, so that it can be shared. */
export function Composer({ run, about, asking, onAsk }: ComposerProps) {
  const [search, change] = useView();
  const { data: stored } = useQuery(checkpointsQuery(run.id));
  const { data: decided } = useQuery(decisionsQuery(run.id));
  const newest = stored?.checkpoints.findLast(({ removed }) => !removed);
  const usual = ["base", ...(newest ? [String(newest.step)] : [])];
  const chosen = search.voices === undefined ? usual : list(search.voices).filter((text) => voiceOf(text) !== null);
  const voices = chosen.flatMap((text) => voiceOf(text) ?? []);
  const held = integer(search.held);
  const heldOut = about?.held_out.find(({ id }) => id === held);
  const budget = run.config?.budget;
  const [prompt, setPrompt] = useState(search.ask ?? "");
  const [temperature, setTemperature] = useState<number | string>(budget?.temperature ?? 1);
  const [maxTokens, setMaxTokens] = useState<number | string>(budget?.max_response_tokens ?? 256);
  const [seed, setSeed] = useState<number | string>(0);
  const [system, setSystem] = useState<string | null>(null);
  const [more, { toggle }] = useDisclosure(false);
  const numbers = [temperature, maxTokens, seed].every((value) => typeof value === "number");
  const ready = numbers && voices.length > 0 && (held !== null || prompt.trim() !== "");
  return (
    <form
      className={`card ${classes.composer}`}
      data-testid="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ready) return;
        change({
          voices: chosen.join(),
          ask: held === null && prompt.length <= LONGEST_IN_ADDRESS ? prompt : undefined,
        });
        onAsk({
          voices,
          ...(held === null ? { prompt } : { held_out: held }),
          system_prompt: system,
          temperature: Number(temperature),
          max_tokens: Number(maxTokens),
          seed: Number(seed),
        });
      }}
    >
      <div className={classes.row}>
        <MultiSelect
          className={classes.wide}
          label={`Voices, at most ${MOST_VOICES}`}
          data={voicesOf(stored?.checkpoints ?? [], decided?.decisions ?? [], chosen)}
          value={chosen}
          onChange={(next) => change({ voices: next.join() || "none" })}
          maxValues={MOST_VOICES}
          searchable
          data-testid="voices"
        />
        <Select
          className={classes.wide}
          label="A held-out prompt of the run"
          placeholder={
            about === null ? "Listed once the models are loaded" : about.no_held_out || "Choose, or type below"
          }
          disabled={about === null || about.held_out.length === 0}
          data={(about?.held_out ?? []).map(({ id, prompt: text }) => ({
            value: String(id),
            label: text.slice(0, 120),
          }))}
          value={heldOut ? String(heldOut.id) : null}
          onChange={(next) => change({ held: next ?? undefined })}
          clearable
          searchable
          data-testid="held-out"
        />
      </div>
      <Textarea
        label="Prompt"
        description={
          heldOut
            ? `Its answer: ${heldOut.answer ?? "none is known"}`
            : "Read as the run reads its data: instruction, template and system prompt included."
        }
        autosize
        minRows={2}
        maxRows={12}
        disabled={held !== null}
        value={heldOut?.prompt ?? prompt}
        onChange={(event) => setPrompt(event.currentTarget.value)}
        data-testid="prompt"
      />
      <div className={classes.row}>
        <NumberInput
          className={classes.number}
          label="Temperature"
          min={0}
          max={5}
          step={0.1}
          value={temperature}
          onChange={setTemperature}
        />
        <NumberInput
          className={classes.number}
          label="Tokens at most"
          min={1}
          max={8192}
          allowDecimal={false}
          value={maxTokens}
          onChange={setMaxTokens}
          data-testid="max-tokens"
        />
        <NumberInput
          className={classes.number}
          label="Seed, of all voices"
          min={0}
          max={2 ** 31 - 1}
          allowDecimal={false}
          value={seed}
          onChange={setSeed}
        />
        <Button variant="subtle" color="gray" onClick={toggle} aria-expanded={more}>
          System prompt…
        </Button>
        <Button type="submit" variant="filled" disabled={!ready} loading={asking} data-testid="ask">
          Ask {voices.length === 1 ? "this voice" : `these ${voices.length} voices`}
        </Button>
      </div>
      <Collapse expanded={more}>
        <Textarea
          label="System prompt"
          description="In place of the run's own; empty for none."
          autosize
          maxRows={8}
          value={system ?? about?.system_prompt ?? run.config?.reading.system_prompt ?? ""}
          onChange={(event) => setSystem(event.currentTarget.value)}
        />
      </Collapse>
    </form>
  );
}
