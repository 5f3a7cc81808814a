import { useQuery } from "@tanstack/react-query";
import { signaturesQuery } from "~/api/alerts";
import { SeverityPill } from "~/components/alerts/SeverityPill";
import { Table } from "~/components/Table";
import classes from "./Alerts.module.css";

/** What is watched in every run without any rule. */
export function Signatures() {
  const { data } = useQuery(signaturesQuery());
  if (data === undefined) return null;
  return (
    <section className={classes.block} aria-labelledby="built-in">
      <h2 id="built-in">Always watched</h2>
      <Table
        label="Failure signatures"
        className="card"
        rows={data}
        keyOf={({ kind }) => kind}
        columns={[
          { head: "Failure signature", cell: ({ title }) => title },
          { head: "Severity", cell: ({ severity }) => <SeverityPill severity={severity} /> },
          { head: "Raises an alert when", cell: ({ looks_for }) => looks_for },
        ]}
      />
    </section>
  );
}
