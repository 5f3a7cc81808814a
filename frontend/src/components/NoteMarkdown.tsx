import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import Markdown, { type MarkdownToJSX, RuleType } from "markdown-to-jsx/react";
import type { ComponentProps, ReactNode } from "react";
import { runQuery } from "~/api/runs";
import { mentions, runOf } from "~/lib/runMentions";
import classes from "./NoteText.module.css";
import { RunDot } from "./RunBits";

/** Markdown without raw HTML; nothing of another place is loaded, and runs are links with their mark. */
export default function NoteMarkdown({ text }: { text: string }) {
  return <Markdown options={OPTIONS}>{text}</Markdown>;
}

const OPTIONS: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  forceBlock: true,
  wrapper: ({ children }) => <div className={classes.note}>{children}</div>,
  slugify: () => "",
  overrides: {
    a: { component: Anchor },
    img: { component: ({ alt }: { alt?: string }) => <>{alt}</> },
    // The page has its own headings above these.
    ...Object.fromEntries(["h1", "h2", "h3", "h4", "h5", "h6"].map((name) => [name, { component: Heading }])),
  },
  renderRule: (next, node, _render, state) =>
    node.type === RuleType.text && !state.inAnchor ? <Text key={state.key} text={node.text} /> : next(),
};

function Heading({ children }: { children?: ReactNode }) {
  return <h3>{children}</h3>;
}

function Text({ text }: { text: string }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other identity
  return mentions(text).map((part, at) => (typeof part === "string" ? part : <Mention key={at} id={part.run} />));
}

function Anchor({ href, children, title }: ComponentProps<"a">) {
  const run = runOf(href ?? "", window.location.origin);
  if (run !== undefined) return <Mention id={run} />;
  if (href === undefined) return children;
  return (
    <a href={href} title={title} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}

function Mention({ id }: { id: string }) {
  const { data } = useQuery({ ...runQuery(id), retry: false });
  if (data === undefined) return `/runs/${id}`;
  return (
    <Link to="/runs/$runId" params={{ runId: id }} className={classes.run}>
      <RunDot color={data.color} />
      {data.name}
    </Link>
  );
}
