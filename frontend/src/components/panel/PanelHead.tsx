import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowsMaximize, IconChartLine, IconInfoCircle, IconTable } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./Panel.module.css";

interface PanelHeadProps {
  title: string;
  description: string | undefined;
  asTable: boolean;
  onTable: (asTable: boolean) => void;
  onExpand: () => void;
  children: ReactNode;
}

/** The title of a picture and what can be done with it. */
export function PanelHead({ title, description, asTable, onTable, onExpand, children }: PanelHeadProps) {
  const table = asTable ? "Show as picture" : "Show as table";
  return (
    <header className={classes.head}>
      <h3 className="cut" title={title}>
        {title}
      </h3>
      {description && (
        <Tooltip label={description} w={280}>
          <ActionIcon variant="transparent" size="xs" aria-label={`About: ${title}`}>
            <IconInfoCircle size={14} />
          </ActionIcon>
        </Tooltip>
      )}
      <span className={classes.tools}>
        {children}
        <Tooltip label={table}>
          <ActionIcon aria-label={`${table}: ${title}`} onClick={() => onTable(!asTable)} data-testid="toggle-table">
            {asTable ? <IconChartLine size={15} /> : <IconTable size={15} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Show at full width">
          <ActionIcon aria-label={`Expand: ${title}`} onClick={onExpand}>
            <IconArrowsMaximize size={15} />
          </ActionIcon>
        </Tooltip>
      </span>
    </header>
  );
}
