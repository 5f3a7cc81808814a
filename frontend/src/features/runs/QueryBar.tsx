import { ActionIcon, Combobox, TextInput, useCombobox } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconHistory, IconSearch, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { runFieldsQuery } from "~/api/runs";
import { complete, inserted } from "~/lib/queryCompletion";
import classes from "./RunsPage.module.css";

const MOST_RECENT = 8;

interface QueryBarProps {
  text: string;
  /** Which characters cannot be read, and why. */
  problem: { span: { start: number; end: number } | null; detail: string } | null;
  onAsk: (text: string) => void;
}

/** The query of the table, completed while it is typed; Enter asks it. */
export function QueryBar({ text, problem, onAsk }: QueryBarProps) {
  const [draft, setDraft] = useState(text);
  const [caret, setCaret] = useState(text.length);
  const [recent, setRecent] = useLocalStorage<string[]>({ key: "opdboard.queries", defaultValue: [] });
  const { data } = useQuery(runFieldsQuery());
  const input = useRef<HTMLInputElement>(null);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  useEffect(() => setDraft(text), [text]);

  const completion = complete(draft, caret, data?.fields ?? []);
  const past = draft === "" ? recent : [];
  const ask = (wanted: string) => {
    const trimmed = wanted.trim();
    combobox.closeDropdown();
    setDraft(trimmed);
    if (trimmed !== "") setRecent([trimmed, ...recent.filter((one) => one !== trimmed)].slice(0, MOST_RECENT));
    if (trimmed !== text) onAsk(trimmed);
  };
  const pick = (value: string) => {
    const query = past[Number(value.slice(1))];
    if (value.startsWith("r") && query !== undefined) return ask(query);
    const option = completion.options[Number(value.slice(1))];
    if (option === undefined) return;
    const next = inserted(draft, completion, option);
    setDraft(next.text);
    setCaret(next.caret);
    combobox.resetSelectedOption();
    requestAnimationFrame(() => input.current?.setSelectionRange(next.caret, next.caret));
  };
  const moved = () => setCaret(input.current?.selectionStart ?? 0);

  return (
    <div className={classes.query}>
      <Combobox store={combobox} onOptionSubmit={pick} withinPortal position="bottom-start" width={420}>
        <Combobox.Target>
          <TextInput
            ref={input}
            size="sm"
            placeholder="method = effopd and accuracy > 0.5"
            aria-label="Query of the runs"
            aria-keyshortcuts="/"
            aria-invalid={problem !== null}
            aria-describedby={problem === null ? undefined : "query-problem"}
            error={problem !== null}
            spellCheck={false}
            autoComplete="off"
            leftSection={<IconSearch size={15} />}
            rightSection={
              draft === "" ? null : (
                <ActionIcon aria-label="Clear the query" onClick={() => ask("")}>
                  <IconX size={14} />
                </ActionIcon>
              )
            }
            value={draft}
            onChange={(event) => {
              setDraft(event.currentTarget.value);
              setCaret(event.currentTarget.selectionStart ?? 0);
              combobox.openDropdown();
              combobox.resetSelectedOption();
            }}
            onSelect={moved}
            onFocus={() => combobox.openDropdown()}
            onBlur={() => {
              combobox.closeDropdown();
              ask(draft);
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape") combobox.closeDropdown();
              if (event.key === "Enter" && combobox.getSelectedOptionIndex() < 0) ask(draft);
            }}
            classNames={{ input: classes.queryInput }}
            data-testid="query"
          />
        </Combobox.Target>
        <Combobox.Dropdown hidden={past.length + completion.options.length === 0}>
          <Combobox.Options mah={300} style={{ overflowY: "auto" }} aria-label="What may come next">
            {past.map((query, place) => (
              <Combobox.Option key={query} value={`r${place}`}>
                <span className={classes.option}>
                  <IconHistory size={14} aria-hidden />
                  <span className="mono">{query}</span>
                </span>
              </Combobox.Option>
            ))}
            {completion.options.map((option, place) => (
              <Combobox.Option key={option.label} value={`o${place}`}>
                <span className={classes.option}>
                  <span className="mono">{option.label}</span>
                  <span className="soft">{option.help}</span>
                </span>
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {problem !== null && <Problem text={text} {...problem} />}
    </div>
  );
}

interface ProblemProps {
  text: string;
  span: { start: number; end: number } | null;
  detail: string;
}

/** The query with the characters marked that cannot be read, and what was expected there. */
function Problem({ text, span, detail }: ProblemProps) {
  return (
    <div id="query-problem" role="alert" className={classes.queryProblem} data-testid="query-problem">
      {span !== null && (
        <code>
          {text.slice(0, span.start)}
          <mark>{text.slice(span.start, Math.max(span.end, span.start + 1)) || "␣"}</mark>
          {text.slice(Math.max(span.end, span.start + 1))}
        </code>
      )}
      <p>{detail}</p>
    </div>
  );
}
