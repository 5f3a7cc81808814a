import { Button, Tooltip } from "@mantine/core";
import { IconGitFork } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ButtonLink } from "~/components/ButtonLink";

interface ForkButtonProps {
  runId: string;
  step: number;
  /** A candidate of the trigger at `step`; without it the checkpoint. */
  factor?: number;
  /** Why it is not possible. */
  obstacle?: string | undefined;
  /** In full, where the text on the button is short. */
  label?: string;
  testId: string;
  children: ReactNode;
}

/** To the launch page, with the student set to these weights; nothing starts before the form is sent. */
export function ForkButton({ runId, step, factor, obstacle, label, testId, children }: ForkButtonProps) {
  const common = {
    leftSection: <IconGitFork size={14} aria-hidden />,
    "aria-label": label,
    "data-testid": testId,
  } as const;
  if (obstacle !== undefined) {
    return (
      <Tooltip label={obstacle} w={240}>
        <Button {...common} data-disabled aria-disabled>
          {children}
        </Button>
      </Tooltip>
    );
  }
  const search = { fork: runId, step: String(step), ...(factor === undefined ? {} : { factor: String(factor) }) };
  return (
    <ButtonLink {...common} to="/launch" search={search}>
      {children}
    </ButtonLink>
  );
}
