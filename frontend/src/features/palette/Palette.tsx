import { createSpotlight, Spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { RunSummary } from "~/api/types";
import { RunDot } from "~/components/RunBits";
import { overlay } from "~/components/shell/overlay";
import { moment } from "~/lib/format";
import { fitting, type PaletteAction, type PaletteGroup } from "./actions";
import classes from "./Palette.module.css";
import { usePageActions } from "./usePageActions";
import { useRunActions } from "./useRunActions";
import { useRunSearch } from "./useRunSearch";

const [store, spotlight] = createSpotlight();

interface PaletteProps {
  opened: boolean;
}

/** Everything that can be done, by name. */
export default function Palette({ opened }: PaletteProps) {
  useEffect(() => (opened ? spotlight.open() : spotlight.close()), [opened]);
  const [query, setQuery] = useState("");
  const [comparing, setComparing] = useState(false);
  const closed = () => {
    setComparing(false);
    if (overlay.get() === "palette") overlay.set("none");
  };
  return (
    <Spotlight.Root
      store={store}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={closed}
      shortcut={null}
      scrollable
      maxHeight="min(60vh, 480px)"
      transitionProps={{ duration: 0 }}
      overlayProps={{ blur: 0, backgroundOpacity: 0.35 }}
      title="Command palette"
      classNames={{ content: classes.content, header: "visually-hidden" }}
      data-testid="palette"
    >
      <Spotlight.Search
        placeholder={comparing ? "Compare with which run?" : "Search runs, or say what to do"}
        aria-label={comparing ? "Compare with which run" : "Search runs, or say what to do"}
        leftSection={<IconSearch size={18} stroke={1.7} />}
        data-testid="palette-search"
      />
      <Choices
        query={query}
        comparing={comparing}
        compare={() => {
          setComparing(true);
          setQuery("");
        }}
      />
    </Spotlight.Root>
  );
}

interface ChoicesProps {
  query: string;
  comparing: boolean;
  compare: () => void;
}

function Choices({ query, comparing, compare }: ChoicesProps) {
  const { runId } = useParams({ strict: false });
  const navigate = useNavigate();
  const found = useRunSearch(query);
  const ofRun = useRunActions(runId, compare);
  const ofPage = usePageActions();

  const open = (id: string) => void navigate({ to: "/runs/$runId", params: { runId: id } });
  const compareWith = (id: string) =>
    void navigate({ to: "/compare", search: { runs: `${runId},${id}`, reference: runId } });
  const groups: PaletteGroup[] = comparing
    ? [
        runGroup(
          "Compare with",
          found.filter(({ id }) => id !== runId),
          compareWith,
        ),
      ]
    : [...fitting(ofRun, query), runGroup("Runs", found, open), ...fitting(ofPage, query)];
  const shown = groups.filter((group) => group.actions.length > 0);

  return (
    <Spotlight.ActionsList>
      {shown.map((group) => (
        <Spotlight.ActionsGroup key={group.label} label={group.label}>
          {group.actions.map((action) => (
            <Choice key={action.id} action={action} />
          ))}
        </Spotlight.ActionsGroup>
      ))}
      {shown.length === 0 && <Spotlight.Empty>Nothing is called that, neither a run nor an action</Spotlight.Empty>}
    </Spotlight.ActionsList>
  );
}

function runGroup(label: string, runs: readonly RunSummary[], choose: (id: string) => void): PaletteGroup {
  return {
    label,
    actions: runs.map((run) => ({
      id: `run-${run.id}`,
      label: run.name,
      description: `${run.id} · ${run.state} · step ${run.step} / ${run.total_steps} · ${moment(run.created_at)}`,
      color: run.color,
      run: () => choose(run.id),
    })),
  };
}

function Choice({ action: { id, label, description, keys, Icon, color, stays, run } }: { action: PaletteAction }) {
  return (
    <Spotlight.Action
      onClick={run}
      closeSpotlightOnTrigger={!stays}
      data-testid={`palette-${id}`}
      className={classes.action}
    >
      <span className={classes.icon} aria-hidden>
        {color !== undefined ? <RunDot color={color} /> : Icon && <Icon size={17} stroke={1.7} />}
      </span>
      <span className={classes.text}>
        <span className={`cut ${classes.label}`}>{label}</span>
        {description && <span className={`cut ${classes.description}`}>{description}</span>}
      </span>
      {keys && <kbd className={classes.keys}>{keys}</kbd>}
    </Spotlight.Action>
  );
}
