import { Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type Column, measured } from "./cells";
import classes from "./RunsTable.module.css";
import type { RunSection } from "./useSections";

interface GroupLineProps {
  section: RunSection;
  columns: readonly Column[];
  row: number;
  style: React.CSSProperties;
  onToggle: () => void;
}

/** The heading of a group: what its runs share, how many they are, and the means of their measures. */
export function GroupLine({ section, columns, row, style, onToggle }: GroupLineProps) {
  const { group, open, count } = section;
  const label = (group?.values ?? []).map((value) => value ?? "none").join(" · ");
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={`${columns.length > 0 ? classes.row : classes.groupCard} ${classes.group}`}
      style={style}
      data-testid={`group-${label}`}
    >
      <span role="cell" className={classes.groupHead}>
        <button type="button" className="bare" aria-expanded={open} onClick={onToggle}>
          <Chevron size={16} aria-hidden />
          <span className="cut" title={label}>
            {label}
          </span>
          <span className={classes.groupFacts}>
            {count} run{count === 1 ? "" : "s"}
            {(group?.active ?? 0) > 0 && `, ${group?.active} active`}
            {(group?.failed ?? 0) > 0 && `, ${group?.failed} failed`}
          </span>
        </button>
      </span>
      {columns.map(({ name, numeric }) => (
        <span key={name} role="cell" data-align={numeric ? "right" : undefined}>
          <Mean section={section} name={name} />
        </span>
      ))}
      {columns.length > 0 && <span role="cell" />}
    </div>
  );
}

function Mean({ section: { group, count }, name }: { section: RunSection; name: string }) {
  const spread = group?.measures[name];
  if (spread === undefined || spread.mean === null) return null;
  const range = `${measured(name, spread.low)} to ${measured(name, spread.high)}`;
  const among = spread.count === count ? "" : `, ${spread.count} of ${count} runs have it`;
  return (
    <Tooltip label={`mean; ${range}${among}`}>
      <span className={classes.mean}>⌀ {measured(name, spread.mean)}</span>
    </Tooltip>
  );
}
