import { Button, Select, Switch, Textarea } from "@mantine/core";
import { IconNotes, IconPlayerStop } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, unwrap } from "~/api/client";
import { stopQuestion } from "~/api/playgrounds";
import { changeRun, runKeys } from "~/api/runs";
import { asNote, difference, type Exchange, isDone, voiceLabel, voiceText } from "~/api/talk";
import type { QuestionIn, RunDetail, Voice } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import { Prompt } from "~/components/samples/SampleCard";
import samples from "~/components/samples/Samples.module.css";
import { Scale } from "~/components/samples/SampleTools";
import { useAction } from "~/components/useAction";
import { useView } from "~/components/useView";
import { largest } from "~/lib/samples";
import { flag, oneOf } from "~/lib/urlParams";
import classes from "./Playground.module.css";
import { VoiceAnswer } from "./VoiceAnswer";

const KL = "kl";

interface TalkCardProps {
  run: RunDetail;
  /** The job that has it. */
  playground: string;
  number: number;
  turns: readonly Exchange[];
  promptOf: (exchange: Exchange) => string;
  /** Whether the models are there, or on their way. */
  live: boolean;
  asking: boolean;
  onAsk: (question: QuestionIn) => void;
}

/** A talk: every voice in a column of its own, turn below turn, on one scale of colours. */
export function TalkCard({ run, playground, number, turns, promptOf, live, asking, onAsk }: TalkCardProps) {
  const [search, change] = useView();
  const [draft, setDraft] = useState("");
  const keep = useKeep(run);
  const stop = useAction((id: number) => stopQuestion(playground, id), "The answers were not stopped");
  const last = turns.at(-1);
  if (last === undefined) return null;
  const { voices } = last.question;
  const texts = voices.map(voiceText);
  const other = texts.indexOf(oneOf(search.against, texts, KL));
  const measure = other < 0 ? "kl" : "advantage";
  const coloured = turns.map(({ answers }) =>
    answers.map((answer, place) => ({
      token_kl: answer.kl,
      token_advantage: other < 0 || other === place ? [] : difference(answer, other),
    })),
  );
  const top = Math.max(1e-3, largest(coloured.flat(), measure));
  const done = turns.every(isDone);
  const showRead = flag(search.shown);
  return (
    <section className={`card ${classes.talk}`} data-testid={`talk-${number}`} data-done={done}>
      <header>
        <h2>
          Talk {number}: {voices.map(voiceLabel).join(", ")}
        </h2>
        <span className={classes.row}>
          {!done && live && (
            <Button
              size="compact-sm"
              leftSection={<IconPlayerStop size={14} />}
              loading={stop.isPending}
              onClick={() => stop.mutate(last.id)}
            >
              Stop here
            </Button>
          )}
          <Button
            size="compact-sm"
            leftSection={<IconNotes size={14} />}
            disabled={!done}
            loading={keep.isPending}
            onClick={() => keep.mutate(asNote(turns, promptOf))}
            data-testid={`keep-${number}`}
          >
            Keep in the notes
          </Button>
        </span>
      </header>
      <div className={classes.look}>
        <Select
          w={210}
          aria-label="Colour of the tokens"
          data={[
            { value: KL, label: "KL to the teacher" },
            ...(voices.length > 1 ? voices : []).map((voice, place) => ({
              value: texts[place] ?? "",
              label: `Against ${voiceLabel(voice)}`,
            })),
          ]}
          value={texts[other] ?? KL}
          onChange={(next) => change({ against: next === KL ? undefined : (next ?? undefined) })}
          allowDeselect={false}
          data-testid={`against-${number}`}
        />
        <Scale measure={measure} top={top} by={other < 0 ? undefined : voiceLabel(voices[other] as Voice)} />
        <Switch
          label="As read"
          checked={showRead}
          onChange={(event) => change({ shown: event.currentTarget.checked ? "1" : undefined })}
          data-testid="as-read"
        />
      </div>
      {turns.map((turn, index) => (
        <div key={turn.id} className={classes.turn} data-testid={`turn-${number}-${index + 1}`}>
          <Prompt text={promptOf(turn)} />
          <div className={samples.columns} style={{ "--columns": voices.length } as React.CSSProperties}>
            {turn.answers.map((answer, place) => {
              const values = coloured[index]?.[place];
              return (
                <VoiceAnswer
                  // biome-ignore lint/suspicious/noArrayIndexKey: a voice is its place
                  key={place}
                  voices={voices}
                  place={place}
                  answer={answer}
                  values={(measure === "kl" ? values?.token_kl : values?.token_advantage) ?? []}
                  measure={measure}
                  top={top}
                  showRead={showRead}
                  testId={`answer-${number}-${index + 1}-${texts[place]}`}
                />
              );
            })}
          </div>
        </div>
      ))}
      <form
        className={classes.row}
        onSubmit={(event) => {
          event.preventDefault();
          const { temperature, max_tokens, seed } = last.question;
          onAsk({ voices, prompt: draft, follows: last.id, temperature, max_tokens, seed });
          setDraft("");
        }}
      >
        <Textarea
          className={classes.wide}
          aria-label={`Go on with talk ${number}`}
          placeholder={live ? "Go on with this talk: each voice with its own answer" : "Its models were let go of"}
          disabled={!live}
          autosize
          maxRows={8}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          data-testid={`follow-${number}`}
        />
        <Button type="submit" disabled={!live || draft.trim() === ""} loading={asking} data-testid={`go-on-${number}`}>
          Go on
        </Button>
      </form>
    </section>
  );
}

/** Adds a paragraph to what the notes are by now. */
function useKeep(run: RunDetail) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (text: string) => {
      const { notes } = await unwrap(client.GET("/api/runs/{run_id}", { params: { path: { run_id: run.id } } }));
      return changeRun(run.id, { notes: notes.trim() === "" ? text : `${notes.trimEnd()}\n\n${text}` });
    },
    onSuccess: (changed) => {
      cache.setQueryData(runKeys.detail(run.id), changed);
      notify("The talk stands in the notes of the run.");
    },
    onError: (error) => notify(errorText(error), "The talk was not kept"),
  });
}
