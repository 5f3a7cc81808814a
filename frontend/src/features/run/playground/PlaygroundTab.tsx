import { Button } from "@mantine/core";
import { giveCommand } from "~/api/runs";
import { type Exchange, talksIn } from "~/api/talk";
import type { Playground, RunDetail, RunError } from "~/api/types";
import { ErrorBox, Problem } from "~/components/ErrorBox";
import { Unread } from "~/components/Unread";
import { useAction } from "~/components/useAction";
import { Composer } from "./Composer";
import classes from "./Playground.module.css";
import { TalkCard } from "./TalkCard";
import { usePlayground } from "./usePlayground";

/** Talks with what the run's weights were and have become, side by side. */
export default function PlaygroundTab({ run }: { run: RunDetail }) {
  const { query, playground, state, live, talk, open, ask } = usePlayground(run.id);
  const letGo = useAction(
    () => giveCommand(playground?.id ?? "", { command: "stop" }),
    "The models were not let go of",
  );
  if (query.data === undefined) return <Unread what="the playground" query={query} />;
  const about = playground?.about ?? null;
  const talks = talksIn(talk.data?.questions ?? []);
  const failed = state === "failed" ? (playground?.error as RunError | null) : null;
  const promptOf = ({ question }: Exchange) =>
    about?.held_out.find(({ id }) => id === question.held_out)?.prompt ?? question.prompt;
  return (
    <div className={classes.page} data-testid="playground" data-state={state ?? "none"} data-ready={about !== null}>
      <p className={classes.state} data-testid="playground-state">
        <span>{words(playground, state)}</span>
        {!live && (
          <Button size="compact-sm" loading={open.isPending} onClick={() => open.mutate()} data-testid="load-models">
            Load the models
          </Button>
        )}
        {live && state !== "queued" && (
          <Button size="compact-sm" loading={letGo.isPending} onClick={() => letGo.mutate()}>
            Let go of the models
          </Button>
        )}
        {about?.no_teacher && <span>No KL: {about.no_teacher}.</span>}
        {about?.kl === "k3" && <span>KL is estimated from the token alone: the teacher tells no more.</span>}
      </p>
      {failed && <Problem title="The models could not be held" detail={failed.detail} where={failed.where} />}
      {open.error && <ErrorBox title="No worker was asked" error={open.error} />}
      {ask.error && !open.error && <ErrorBox title="The question was not asked" error={ask.error} />}
      <Composer run={run} about={about} asking={ask.isPending} onAsk={ask.mutate} />
      {talks.map((turns, index) => (
        <TalkCard
          key={turns[0]?.id}
          run={run}
          playground={playground?.id ?? ""}
          number={talks.length - index}
          turns={turns}
          promptOf={promptOf}
          live={live}
          asking={ask.isPending}
          onAsk={ask.mutate}
        />
      ))}
    </div>
  );
}

function words(playground: Playground | null, state: string | undefined): string {
  if (playground === null) return "A worker holds the models while this page is open; asking loads them.";
  switch (state) {
    case "queued":
      return `Waiting for a worker. ${playground.waits_for}`;
    case "finished":
    case "stopped":
      return `The models were let go of: ${playground.why_ended || state}. Asking loads them again.`;
    case "failed":
      return "Asking tries again.";
    case "stopping":
      return "The models are let go of…";
    default:
      return playground.about === null
        ? "A worker loads the models…"
        : `The models are loaded. They are let go of when this page closes, or ${playground.idle_minutes} minutes after the last answer.`;
  }
}
