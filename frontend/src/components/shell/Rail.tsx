import { Tooltip } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Mark } from "./Mark";
import { pages } from "./pages";
import classes from "./Shell.module.css";
import { UnseenAlerts } from "./UnseenAlerts";

/** The way between pages: a rail at the left, a bar at the bottom of a small screen. */
export function Rail() {
  const wide = useMediaQuery("(min-width: 1440px)", true, { getInitialValueInEffect: false });
  const phone = useMediaQuery("(max-width: 767px)", false, { getInitialValueInEffect: false });
  const [choice, setChoice] = useLocalStorage<"auto" | "narrow" | "wide">({
    key: "opdboard.rail",
    defaultValue: "auto",
    getInitialValueInEffect: false,
  });
  const narrow = !phone && (choice === "auto" ? !wide : choice === "narrow");
  const Toggle = narrow ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  const toggleLabel = narrow ? "Widen the rail" : "Narrow the rail";

  return (
    <nav className={classes.rail} data-narrow={narrow} aria-label="Pages">
      <Link to="/" className={classes.brand} aria-label="opdboard">
        <Mark size={24} />
        {!narrow && <span>opdboard</span>}
      </Link>
      {pages.map(({ to, label, short, Icon }) => (
        <Tooltip key={to} label={label} position="right" disabled={!narrow}>
          <Link to={to} className={classes.item} activeOptions={{ exact: to === "/" }}>
            {narrow && <span className="visually-hidden">{label}</span>}
            <Icon size={18} stroke={1.7} aria-hidden />
            {!narrow && <span>{phone ? short : label}</span>}
            {to === "/alerts" && <UnseenAlerts />}
          </Link>
        </Tooltip>
      ))}
      <div className={classes.foot}>
        <Tooltip label={toggleLabel} position="right" disabled={!narrow}>
          <button
            type="button"
            className={`bare ${classes.item}`}
            aria-label={toggleLabel}
            onClick={() => setChoice(narrow ? "wide" : "narrow")}
          >
            <Toggle size={18} stroke={1.7} aria-hidden />
            {!narrow && <span>Collapse</span>}
          </button>
        </Tooltip>
      </div>
    </nav>
  );
}
