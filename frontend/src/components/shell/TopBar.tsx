import { ActionIcon, Tooltip, useMantineColorScheme } from "@mantine/core";
import { IconChevronRight, IconDeviceDesktop, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { runQuery } from "~/api/runs";
import { LiveDot } from "./LiveDot";
import { overlay } from "./overlay";
import { pages } from "./pages";
import classes from "./Shell.module.css";

const SCHEMES = ["auto", "light", "dark"] as const;
const SCHEME_ICONS = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon };
const SCHEME_WORDS = { auto: "as the system", light: "light", dark: "dark" };

/** Where we are, whether the page is live, and the theme. */
export function TopBar() {
  return (
    <header className={classes.top}>
      <Crumbs />
      <button
        type="button"
        className={classes.search}
        onClick={() => overlay.set("palette")}
        aria-label="Search runs and actions"
        aria-keyshortcuts="Control+K Meta+K"
        data-testid="open-palette"
      >
        <IconSearch size={15} stroke={1.7} aria-hidden />
        <span>Search</span>
        <kbd>{/Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <LiveDot />
      <ThemeSwitch />
    </header>
  );
}

function Crumbs() {
  const [first = "", second] = useLocation({ select: (location) => location.pathname })
    .split("/")
    .filter(Boolean);
  const page = pages.find(({ to }) => to === `/${first}`);
  const runId = first === "runs" ? second : undefined;
  const { data: run } = useQuery({ ...runQuery(runId ?? ""), enabled: runId !== undefined });
  const leaf = runId === undefined ? page?.label : (run?.name ?? runId);

  useEffect(() => {
    document.title = leaf === undefined ? "opdboard" : `${leaf} · opdboard`;
  }, [leaf]);

  return (
    <nav className={classes.crumbs} aria-label="Breadcrumb">
      {runId !== undefined && page !== undefined && (
        <>
          <Link to={page.to}>{page.label}</Link>
          <IconChevronRight size={14} aria-hidden />
        </>
      )}
      <span className="cut" aria-current="page">
        {leaf ?? "Not found"}
      </span>
    </nav>
  );
}

function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = SCHEMES[(SCHEMES.indexOf(colorScheme) + 1) % SCHEMES.length] ?? "auto";
  const Icon = SCHEME_ICONS[colorScheme];
  const label = `Theme: ${SCHEME_WORDS[colorScheme]}. Switch to ${SCHEME_WORDS[next]}`;
  return (
    <Tooltip label={label}>
      <ActionIcon size="md" aria-label={label} data-testid="theme-switch" onClick={() => setColorScheme(next)}>
        <Icon size={18} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}
