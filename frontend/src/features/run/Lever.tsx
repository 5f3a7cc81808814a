import { ActionIcon, Button, Loader, Tooltip } from "@mantine/core";
import type { ComponentType, Ref } from "react";

export interface LeverProps {
  Icon: ComponentType<{ size: number; "aria-hidden"?: boolean }>;
  /** What it will do, or why it cannot. */
  help: string;
  possible: boolean;
  /** Asked for and not yet done; it says what, with a sign that something is on its way. */
  pending: boolean;
  /** The icon alone; its name is read out. */
  compact: boolean;
  testId: string;
  children: string;
  /** A form is open instead of the help. */
  opened?: boolean;
  onClick: () => void;
  ref?: Ref<HTMLDivElement>;
}

/** One button of the steering bar. */
export function Lever({ Icon, help, possible, pending, compact, testId, children, opened, onClick, ref }: LeverProps) {
  const sign = pending ? <Loader size={14} color="gray" /> : <Icon size={compact ? 16 : 14} aria-hidden />;
  const common = {
    "aria-busy": pending,
    "aria-disabled": !possible,
    "data-disabled": !possible || undefined,
    "data-testid": testId,
    onClick: () => possible && onClick(),
  };
  return (
    <Tooltip ref={ref} label={compact ? `${children}. ${help}` : help} w={240} disabled={opened}>
      {compact ? (
        <ActionIcon variant="default" size="md" aria-label={children} {...common}>
          {sign}
        </ActionIcon>
      ) : (
        <Button leftSection={sign} {...common}>
          {children}
        </Button>
      )}
    </Tooltip>
  );
}
