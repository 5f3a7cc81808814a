import { ActionIcon, Tooltip } from "@mantine/core";
import { useIntersection } from "@mantine/hooks";
import { IconArrowsMaximize, IconInfoCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { panelListQuery } from "~/api/panels";
import type { RunSummary } from "~/api/types";
import type { Figure } from "~/lib/figure";
import { controlsOf, knownParams } from "~/lib/panelSchema";
import { panelParams, type Search } from "~/lib/urlParams";
import { useView } from "../useView";
import classes from "./Panel.module.css";
import { PanelBody } from "./PanelBody";
import { MoreControls, PrimaryControls } from "./PanelControls";
import { PanelMenu } from "./PanelMenu";
import { StepSlider } from "./StepSlider";
import { usePanel } from "./usePanel";

type PlotPoint = import("plotly.js-cartesian-dist-min").PlotPoint;

const FullWidth = lazy(() => import("./FullWidth"));

export interface PanelProps {
  /** Name of the panel in the API. */
  name: string;
  runs: readonly RunSummary[];
  /** Prefix of its parameters in the URL; panels with the same scope share their controls. */
  scope?: string;
  /** Parameters that its place on the page decides; they have no control. */
  fixed?: Search;
  title?: string;
  /** Controls in sight; the others are behind the settings button. `null` shows none at all. */
  primary?: readonly string[] | null;
  height?: number | string;
  testId?: string;
  emptyHint?: string;
  onPointClick?: (point: PlotPoint) => void;
  decorate?: (figure: Figure) => Figure;
  aside?: ReactNode;
}

/** A picture with its title, controls and states; it draws any panel of the API. */
export function Panel(props: PanelProps) {
  const { name, runs, scope = name, fixed = {}, primary = [], testId = `panel-${name}` } = props;
  const [search, change] = useView();
  const { ref, entry } = useIntersection<HTMLElement>({ rootMargin: "400px" });
  const { data: panels } = useQuery(panelListQuery());
  const info = panels?.find((panel) => panel.name === name);
  const schema = info?.params_schema ?? {};
  const params = info ? knownParams(schema, panelParams(search, scope), fixed) : { ...fixed };
  const expanded = search.expand === testId;
  const query = usePanel({
    name,
    runs,
    params,
    topics: info?.topics ?? [],
    visible: entry?.isIntersecting === true || expanded,
  });
  const title = props.title ?? info?.title ?? name;

  const controls = controlsOf(schema, query.data?.meta).filter((control) => !(control.name in fixed));
  const step = controls.find((control) => control.kind === "step");
  const shown = controls.filter((control) => control.kind !== "step");
  const set = (control: string, value: string) => change({ [`${scope}.${control}`]: value });
  const reset = () => change(Object.fromEntries(controls.map((control) => [`${scope}.${control.name}`, undefined])));
  const controlProps = { params, onChange: set };

  const content = (height: PanelProps["height"]) => (
    <>
      {primary !== null && (
        <PrimaryControls controls={shown.filter((control) => primary.includes(control.name))} {...controlProps} />
      )}
      <div className={classes.body} style={{ flexBasis: height, minHeight: height }}>
        <PanelBody
          query={query}
          title={title}
          emptyHint={props.emptyHint}
          onReset={reset}
          onPointClick={props.onPointClick}
          decorate={props.decorate}
        />
      </div>
      {step && primary !== null && query.data && (query.data.meta.steps?.length ?? 0) > 0 && (
        <StepSlider
          steps={query.data.meta.steps ?? []}
          value={params[step.name]}
          onChange={(value) => set(step.name, value)}
        />
      )}
      {query.data?.meta.note && !query.data.meta.empty && <p className={classes.note}>{query.data.meta.note}</p>}
    </>
  );

  return (
    <section ref={ref} className={classes.panel} data-testid={testId} data-cursor={cursorOf(query.data?.cursors)}>
      <header className={classes.head}>
        <h3 title={title}>{title}</h3>
        {info?.description && (
          <Tooltip label={info.description} w={280}>
            <ActionIcon variant="transparent" color="gray" size="xs" aria-label={`About: ${title}`}>
              <IconInfoCircle size={14} />
            </ActionIcon>
          </Tooltip>
        )}
        <span className={classes.tools}>
          {props.aside}
          {primary !== null && (
            <MoreControls
              controls={shown.filter((control) => !primary.includes(control.name))}
              onReset={reset}
              {...controlProps}
            />
          )}
          <PanelMenu figure={query.data?.figure} title={title} filename={`${runs[0]?.name ?? "opdboard"} ${name}`} />
          <Tooltip label="Show at full width">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={`Expand: ${title}`}
              onClick={() => change({ expand: testId })}
            >
              <IconArrowsMaximize size={15} />
            </ActionIcon>
          </Tooltip>
        </span>
      </header>
      {content(props.height ?? 260)}
      {expanded && (
        <Suspense>
          <FullWidth title={title} onClose={() => change({ expand: undefined })}>
            {content("68dvh")}
          </FullWidth>
        </Suspense>
      )}
    </section>
  );
}

function cursorOf(cursors: Record<string, number> | undefined): string | undefined {
  return cursors && Object.values(cursors).join(",");
}
