import { Button, SegmentedControl, Space, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { installationQuery } from "~/api/installation";
import { readToken, tokenAsked } from "~/api/token";
import type { Installation } from "~/api/types";
import { Bar } from "~/components/RunBits";
import { Unread } from "~/components/Unread";
import { useServerNow } from "~/components/useServerNow";
import { bytes, duration, percent } from "~/lib/format";
import { HubToken } from "./HubToken";
import { Notices } from "./Notices";
import classes from "./SettingsPage.module.css";

const SCHEMES = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

/** What this installation is, and what of it this browser remembers. */
export function SettingsPage() {
  const query = useQuery(installationQuery());
  const { data } = query;
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div className="page">
      <div className="page-head">
        <h1>Settings</h1>
      </div>
      {!data && <Unread query={query} what="the installation" />}
      <div className={classes.cards}>
        {data !== undefined && <Cards told={data} />}
        <Card title="Hugging Face hub">
          <Fact name="Token">
            <HubToken />
          </Fact>
        </Card>
        <Card title="This browser">
          <Fact name="Theme">
            <SegmentedControl
              data={SCHEMES}
              value={colorScheme}
              onChange={(scheme) => setColorScheme(scheme as typeof colorScheme)}
              aria-label="Theme"
            />
          </Fact>
          <Fact name="Notifications">
            <Notices />
          </Fact>
          <Fact name="Time zone">{zone()}; every time on the pages is in it. Stored times are UTC.</Fact>
          {data?.token_required && (
            <Fact name="Token">
              {readToken() === "" ? "none in this tab" : "kept in this tab until it is closed"}{" "}
              <Button onClick={() => tokenAsked.set(true)}>Use another token</Button>
            </Fact>
          )}
        </Card>
      </div>
    </div>
  );
}

function Cards({ told }: { told: Installation }) {
  const now = useServerNow();
  const { disk, database, broker } = told;
  return (
    <>
      <Card title="Installation">
        <Fact name="opdboard">{told.versions.opdboard}</Fact>
        <Fact name="Libraries">
          {Object.entries(told.versions)
            .filter(([name]) => name !== "opdboard")
            .map(([name, version]) => `${name} ${version}`)
            .join(", ")}
        </Fact>
        <Fact name="Web server">
          {told.host}:{told.port}, up for {duration(Math.max(0, Math.round(now - told.started_at)))}
        </Fact>
        <Fact name="Access">
          {told.token_required
            ? "every call needs the token that OPDBOARD_TOKEN holds"
            : "no token; only pages and programs of this machine are answered"}
        </Fact>
        <Fact name="For programs">
          <a href="/api/docs">API reference</a> · <a href="/api/openapi.json">OpenAPI file</a>
        </Fact>
      </Card>
      <Card title="Storage">
        <Fact name="Data folder">
          <span className="mono">{told.data_dir}</span>
        </Fact>
        <Fact name="Database">
          {database.kind}
          {database.bytes != null && `, ${bytes(database.bytes)}`}
          <br />
          <span className="mono">{database.address}</span>
        </Fact>
        <Fact name="Checkpoints">{bytes(disk.checkpoints)}</Fact>
        <Fact name="Disk">
          {disk.free != null && disk.total ? (
            <>
              {bytes(disk.free)} of {bytes(disk.total)} free ({percent(disk.free / disk.total, 0)})
              <Space h={6} />
              <Bar share={1 - disk.free / disk.total} tone={disk.free / disk.total < 0.1 && "bad"} />
            </>
          ) : (
            "the machine of this web server does not have the data folder"
          )}
        </Fact>
      </Card>
      <Card title="Workers">
        <Fact name="Broker">
          {broker.kind === "folder" ? "a folder that needs no server" : broker.kind}
          <br />
          <span className="mono">{broker.address}</span>
        </Fact>
        <Fact name="Queues">
          <table className={classes.queues}>
            <thead>
              <tr>
                <th>queue</th>
                <th>live workers</th>
                <th>runs waiting</th>
              </tr>
            </thead>
            <tbody>
              {told.queues.map((queue) => (
                <tr key={queue.name}>
                  <td>{queue.name}</td>
                  <td>{queue.workers}</td>
                  <td data-stuck={queue.workers === 0 && queue.waiting > 0}>{queue.waiting}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Fact>
        <Fact name="Lease">a run is taken from a worker that is silent for {duration(told.lease_seconds)}</Fact>
        <Fact name="More">
          <Link to="/workers">See the workers and how to start one</Link>
        </Fact>
      </Card>
    </>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={`card ${classes.card}`}>
      <h2>{title}</h2>
      <dl className={classes.facts}>{children}</dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** For example Europe/Berlin (UTC+02:00). */
function zone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const minutes = -new Date().getTimezoneOffset();
  const part = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, "0");
  return `${timeZone} (UTC${minutes < 0 ? "−" : "+"}${part(minutes / 60)}:${part(minutes % 60)})`;
}
