import { IconMessages } from "@tabler/icons-react";
import { ButtonLink } from "~/components/ButtonLink";
import { number } from "~/lib/format";

interface TalkLinkProps {
  runId: string;
  step: number;
  /** A candidate of the trigger at `step`; without it the checkpoint. */
  factor?: number;
}

/** To the playground, with these weights beside the base; nobody is asked before a prompt is sent. */
export function TalkLink({ runId, step, factor }: TalkLinkProps) {
  const text = factor === undefined ? String(step) : `${step}:${factor}`;
  const which = factor === undefined ? `the checkpoint of step ${step}` : `factor ${number(factor)} of step ${step}`;
  return (
    <ButtonLink
      to="/runs/$runId"
      params={{ runId }}
      search={{ tab: "playground", voices: `base,${text}` }}
      leftSection={<IconMessages size={14} aria-hidden />}
      aria-label={`Talk to ${which}`}
      data-testid={`talk-${text}`}
    >
      Talk
    </ButtonLink>
  );
}
