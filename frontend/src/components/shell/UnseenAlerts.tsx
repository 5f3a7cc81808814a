import { useQuery } from "@tanstack/react-query";
import { unseenAlertsQuery } from "~/api/alerts";
import classes from "./Shell.module.css";

const MOST = 99;

/** How many alerts nobody has marked as seen, beside the way to them. */
export function UnseenAlerts() {
  const { data } = useQuery(unseenAlertsQuery());
  const total = (data?.warning ?? 0) + (data?.critical ?? 0);
  if (data === undefined || total === 0) return null;
  return (
    <span className={classes.count} data-critical={data.critical > 0} data-testid="unseen-alerts">
      {total > MOST ? `${MOST}+` : total}
      <span className="visually-hidden"> not seen yet</span>
    </span>
  );
}
