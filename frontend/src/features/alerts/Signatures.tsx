import { useQuery } from "@tanstack/react-query";
import { signaturesQuery } from "~/api/alerts";
import { SeverityPill } from "~/components/alerts/SeverityPill";
import table from "~/components/table.module.css";
import classes from "./Alerts.module.css";

/** What is watched in every run without any rule. */
export function Signatures() {
  const { data } = useQuery(signaturesQuery());
  if (data === undefined) return null;
  return (
    <section className={classes.block} aria-labelledby="built-in">
      <h2 id="built-in">Always watched</h2>
      <div className={`card ${table.wrap}`}>
        <table className={table.table} data-testid="signature-table">
          <thead>
            <tr>
              <th>Failure signature</th>
              <th>Severity</th>
              <th>Raises an alert when</th>
            </tr>
          </thead>
          <tbody>
            {data.map((signature) => (
              <tr key={signature.kind}>
                <td>{signature.title}</td>
                <td>
                  <SeverityPill severity={signature.severity} />
                </td>
                <td>{signature.looks_for}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
