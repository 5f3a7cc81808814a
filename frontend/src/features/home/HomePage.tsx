import { IconRocket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { homeQuery } from "~/api/home";
import type { Home } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { FirstRun } from "~/components/FirstRun";
import { Unread } from "~/components/Unread";
import { EndedRuns } from "./EndedRuns";
import { FailedRuns } from "./FailedRuns";
import classes from "./HomePage.module.css";
import { RunningRun } from "./RunningRun";
import { WaitingRuns } from "./WaitingRuns";
import { WorkerPulse } from "./WorkerPulse";

/** What runs now, what failed and why, what waits and for what, and who does the work. */
export function HomePage() {
  const query = useQuery(homeQuery());
  const { data: home } = query;
  const count = home === undefined ? 0 : Object.values(home.totals).reduce((sum, number) => sum + number, 0);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Home</h1>
        {home !== undefined && home.unseen_alerts > 0 && (
          <Link to="/alerts" className={classes.alerts} data-testid="home-alerts">
            {home.unseen_alerts === 1 ? "1 alert not looked at" : `${home.unseen_alerts} alerts not looked at`}
          </Link>
        )}
        <ButtonLink variant="filled" to="/launch" size="sm" leftSection={<IconRocket size={16} />}>
          Launch a run
        </ButtonLink>
      </div>
      {!home && <Unread query={query} what="what runs" />}
      {home !== undefined && (
        <div className={classes.columns}>
          <div className={classes.main}>{count === 0 ? <FirstRun /> : <Runs home={home} />}</div>
          <WorkerPulse />
        </div>
      )}
    </div>
  );
}

function Runs({ home }: { home: Home }) {
  const { running = 0, starting = 0, paused = 0, stopping = 0, queued = 0, failed = 0 } = home.totals;
  const active = running + starting + paused + stopping;
  return (
    <>
      <section aria-labelledby="home-running" data-testid="home-running">
        <Title id="home-running" text="Running" count={active} shown={home.running.length} state="running" />
        {home.running.length === 0 && (
          <p className={classes.none}>Nothing trains now.{queued > 0 && " The runs below wait."}</p>
        )}
        <div className={classes.cards}>
          {home.running.map((row) => (
            <RunningRun key={row.run.id} run={row.run} sparkline={row.sparkline} />
          ))}
        </div>
      </section>
      {home.waiting.length > 0 && (
        <section aria-labelledby="home-waiting" data-testid="home-waiting">
          <Title id="home-waiting" text="Waiting" count={queued} shown={home.waiting.length} state="queued" />
          <WaitingRuns rows={home.waiting} />
        </section>
      )}
      {home.failed.length > 0 && (
        <section aria-labelledby="home-failed" data-testid="home-failed">
          <Title id="home-failed" text="Failed this week" count={failed} shown={home.failed.length} state="failed" />
          <FailedRuns rows={home.failed} />
        </section>
      )}
      {home.ended.length > 0 && (
        <section aria-labelledby="home-ended" data-testid="home-ended">
          <Title id="home-ended" text="Ended lately" shown={home.ended.length} state="finished" />
          <EndedRuns rows={home.ended} />
        </section>
      )}
    </>
  );
}

interface TitleProps {
  id: string;
  text: string;
  /** How many there are in all, when that is worth saying. */
  count?: number;
  shown: number;
  state: string;
}

function Title({ id, text, count, shown, state }: TitleProps) {
  return (
    <header className={classes.title}>
      <h2 id={id}>{text}</h2>
      {count !== undefined && count > 0 && <span className="soft figures">{count}</span>}
      {(count === undefined || count > shown) && (
        <Link to="/runs" search={{ state }}>
          {count === undefined ? "All runs that finished" : `See all ${count}`}
        </Link>
      )}
    </header>
  );
}
