import { IconArrowLeft } from "@tabler/icons-react";
import classes from "./Panel.module.css";

interface OpenedProps {
  parameter: string;
  title: string;
  /** What the whole is called. */
  back: string;
  onBack: (parameter: string) => void;
}

/** Says which part of a picture is shown, and leads back to the whole. */
export function Opened({ parameter, title, back, onBack }: OpenedProps) {
  return (
    <div className={classes.opened} data-testid="opened">
      <button type="button" className={classes.follow} onClick={() => onBack(parameter)} data-testid="opened-back">
        <IconArrowLeft size={13} aria-hidden />
        {back}
      </button>
      {title}
    </div>
  );
}
