import { Button, type ButtonProps } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { useEffect } from "react";
import { loadPlotly } from "~/components/plot/loadPlotly";
import type { RunsView } from "./useRunsView";

const FIRST_MEASURE = "eval/reverse_kl";

export const loadDrawer = () => import("./CurvesDrawer");

interface CurvesButtonProps extends Pick<ButtonProps, "size"> {
  view: RunsView;
  testId: string;
  /** Runs are selected: curves are likely to be asked for next, so what draws them is loaded. */
  soon?: boolean;
}

/** Opens the curves of the selected runs beside the table, and closes them. */
export function CurvesButton({ view, testId, soon = false, size }: CurvesButtonProps) {
  const open = view.curves !== undefined;
  useEffect(() => {
    if (soon) void Promise.all([loadDrawer(), loadPlotly()]);
  }, [soon]);
  return (
    <Button
      size={size}
      variant={open ? "light" : undefined}
      leftSection={<IconChartLine size={15} />}
      aria-pressed={open}
      onClick={() => view.change({ curves: open ? undefined : FIRST_MEASURE })}
      data-testid={testId}
    >
      Curves
    </Button>
  );
}
