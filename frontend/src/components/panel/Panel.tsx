import { lazy, type ReactNode, Suspense, useCallback, useEffect, useRef } from "react";
import { connection } from "~/api/live";
import { downloadTable } from "~/api/panels";
import type { RunSummary } from "~/api/types";
import { fileName } from "~/lib/download";
import type { Figure } from "~/lib/figure";
import { clock } from "~/lib/format";
import { withPin } from "~/lib/linked";
import { canZoom } from "~/lib/panelSchema";
import { moduleAt, opensAt, pinned } from "~/lib/pinned";
import { hasEnded, isActive } from "~/lib/runState";
import { useStore } from "~/lib/store";
import { list, type Search } from "~/lib/urlParams";
import { Empty } from "../Empty";
import { errorText } from "../ErrorBox";
import { notify } from "../notify";
import type { PlotMemory } from "../plot/plotMemory";
import { useView } from "../useView";
import { Opened } from "./Opened";
import classes from "./Panel.module.css";
import { PanelBody } from "./PanelBody";
import { MoreControls, PrimaryControls } from "./PanelControls";
import { PanelHead } from "./PanelHead";
import { PanelMenu } from "./PanelMenu";
import { StepSlider } from "./StepSlider";
import { usePanel } from "./usePanel";
import { usePanelSettings } from "./usePanelSettings";
import { useSight } from "./useSight";
import { useZoom } from "./useZoom";

type PlotPoint = import("plotly.js-cartesian-dist-min").PlotPoint;

const PinnedValues = lazy(() => import("./PinnedValues"));
const FullWidth = lazy(() => import("./FullWidth"));
const NOTHING: Search = {};

export interface PanelProps {
  /** Name of the panel in the API. */
  name: string;
  runs: readonly RunSummary[];
  /** Where groups are drawn: what the API is asked for, while `runs` are all their members. */
  entries?: readonly string[];
  /** Prefix of its parameters in the URL; panels with the same scope share their controls. */
  scope?: string;
  /** Parameters that its place on the page decides; they have no control. */
  fixed?: Search;
  /** Parameters that hold while the URL says nothing else. */
  defaults?: Search;
  title?: string;
  /** Controls in sight; the others are behind the settings button. `null` shows none at all. */
  primary?: readonly string[] | null;
  height?: number | string;
  /** As high as its place on the page, instead of `height`. */
  fill?: boolean;
  testId?: string;
  emptyHint?: string;
  /** Where nothing was recorded and nothing will be, there is no picture. */
  hideEmpty?: boolean;
  /** A click on a module pins it, whatever else the click does. */
  onPointClick?: (point: PlotPoint) => void;
  /** The scope whose range of steps it shares though its own parameters have none. */
  linked?: string;
  aside?: ReactNode;
}

/** A picture with its title, controls, table and states; it draws any panel of the API. */
export function Panel(props: PanelProps) {
  const { name, scope = name, fixed = NOTHING, defaults = NOTHING, primary = [], testId = `panel-${name}` } = props;
  const [search, change] = useView();
  const sight = useSight();
  const settings = usePanelSettings({ name, runs: props.runs, scope, fixed, defaults });
  const { info, runs, shown: params } = settings;
  const expanded = search.expand === testId;
  const tables = list(search.table);
  const asTable = tables.includes(testId);
  const drawsCurves = canZoom(settings.schema);
  const link = drawsCurves ? scope : search[`${props.linked}.x`] === undefined ? props.linked : undefined;
  const zoom = useZoom(link);
  const pin = pinIn(search.pin, testId);
  const memory = useRef<PlotMemory | null>(null);
  const others = runs.filter((run) => !props.runs.includes(run)).map(({ id }) => id);
  const ids = runs.map(({ id }) => id);
  const asked = props.entries === undefined ? ids : [...props.entries, ...others];
  const table = {
    name,
    asked,
    members: props.entries === undefined ? [] : ids,
    params: { ...withoutView(settings.params), ...zoom.params },
  };
  const query = usePanel({
    ...table,
    runs,
    topics: info?.topics ?? [],
    visible: settings.ready && (sight.visible || expanded),
  });
  const meta = query.data?.meta;
  const thinned = meta?.note?.startsWith("showing ") === true;
  const { noteThinned } = zoom;
  useEffect(() => noteThinned(thinned), [noteThinned, thinned]);
  const title = props.title ?? info?.title ?? name;
  const filename = fileName(`${runs[0]?.name ?? "opdboard"} ${name}`);
  const lost = useLostSince(runs);
  const takeNumbers = () =>
    void downloadTable(table, filename).catch((error) =>
      notify(errorText(error), "The numbers could not be taken away"),
    );

  const module = search.module;
  const decorate = useCallback(
    (figure: Figure) => withPin(pinned(zoom.decorate(figure), module), pin),
    [module, zoom.decorate, pin],
  );
  const click = (point: PlotPoint) => {
    const opens = opensAt(point);
    if (opens !== null) settings.set(opens.parameter, opens.value);
    const clicked = moduleAt(point);
    if (clicked !== null) change({ module: clicked === module ? undefined : clicked });
    if (drawsCurves) change({ pin: `${testId}@${String(point.x)}` });
    props.onPointClick?.(point);
  };
  const controls = settings.controls(meta);
  const step = controls.find((control) => control.kind === "step");
  const shown = controls.filter((control) => control.kind !== "step");
  const controlProps = { params, onChange: settings.set, except: props.runs.map(({ id }) => id) };
  const inSight = (control: string) => primary?.includes(control) || (settings.needsAnother && control === "against");

  const content = (height: PanelProps["height"], inPage: boolean) => (
    <>
      {primary !== null && (
        <PrimaryControls controls={shown.filter((control) => inSight(control.name))} {...controlProps} />
      )}
      {meta?.opened && <Opened {...meta.opened} onBack={(parameter) => settings.set(parameter, "")} />}
      <div className={classes.body} style={{ flexBasis: height, minHeight: height }}>
        {settings.needsAnother ? (
          <div className={classes.state}>
            <Empty title="Choose a run to set this one against">{info?.description}</Empty>
          </div>
        ) : (
          <PanelBody
            query={query}
            title={title}
            emptyHint={props.emptyHint}
            ended={runs.every(({ state }) => hasEnded(state))}
            problem={settings.problem}
            drawn={sight.drawn || !inPage}
            asTable={asTable}
            table={table}
            onDownload={takeNumbers}
            stale={lost !== null || (query.isPlaceholderData && !zoom.zoomed)}
            decorate={decorate}
            onReset={settings.reset}
            onPointClick={click}
            onZoom={zoom.onZoom}
            group={link && `${link} ${params.x ?? "steps"}`}
            memory={memory}
          />
        )}
      </div>
      {step && primary !== null && (meta?.steps?.length ?? 0) > 0 && (
        <StepSlider
          steps={meta?.steps ?? []}
          value={params[step.name]}
          onChange={(value) => settings.set(step.name, value)}
        />
      )}
      {lost !== null && (
        <p className={classes.note} role="status" data-testid="panel-stale">
          No connection since {clock(lost)}: this is what was known then.
        </p>
      )}
      {pin !== null && query.data && (
        <Suspense>
          <PinnedValues figure={query.data.figure} title={title} x={pin} onClose={() => change({ pin: undefined })} />
        </Suspense>
      )}
      {meta?.note && !meta.empty && (
        // Where a panel's height is given, a long note is scrolled, by keyboard too.
        <section className={classes.note} aria-label={`${title}: note`} tabIndex={props.fill && inPage ? 0 : undefined}>
          {meta.note}
        </section>
      )}
    </>
  );

  return (
    <section
      ref={sight.ref}
      className={classes.panel}
      hidden={props.hideEmpty && meta?.empty}
      data-fill={props.fill || undefined}
      data-testid={testId}
      data-cursor={cursorOf(query.data?.cursors)}
    >
      <PanelHead
        title={title}
        description={info?.description}
        asTable={asTable}
        onTable={(on) => change({ table: [...tables.filter((one) => one !== testId), ...(on ? [testId] : [])].join() })}
        onExpand={() => change({ expand: testId })}
      >
        {props.aside}
        {primary !== null && (
          <MoreControls
            controls={shown.filter((control) => !inSight(control.name))}
            onReset={settings.reset}
            {...controlProps}
          />
        )}
        <PanelMenu
          figure={query.data?.figure}
          title={title}
          about={meta?.about ?? ""}
          filename={filename}
          onNumbers={takeNumbers}
        />
      </PanelHead>
      {content(props.fill ? 0 : (props.height ?? 260), true)}
      {expanded && (
        <Suspense>
          <FullWidth title={title} onClose={() => change({ expand: undefined })}>
            {content("68dvh", false)}
          </FullWidth>
        </Suspense>
      )}
    </section>
  );
}

/** Where values of this picture are pinned; the address holds one such place. */
function pinIn(text: string | undefined, testId: string): number | null {
  const [panel, x] = text?.split("@") ?? [];
  return panel === testId && x && Number.isFinite(Number(x)) ? Number(x) : null;
}

function withoutView({ x_from: _, x_to: __, ...params }: Search): Search {
  return params;
}

/** Since when a picture of runs that go on may have been overtaken; null while it has not. */
function useLostSince(runs: readonly RunSummary[]): number | null {
  const { state, since } = useStore(connection);
  return state === "lost" && runs.some((run) => isActive(run.state)) ? since : null;
}

function cursorOf(cursors: Record<string, number> | undefined): string | undefined {
  return cursors && Object.values(cursors).join(",");
}
