import { useRef, useState } from "react";
import { sentence } from "~/lib/formErrors";
import type { TextProblem } from "~/lib/yaml";
import classes from "./Yaml.module.css";

interface YamlEditorProps {
  text: string;
  marks: readonly TextProblem[];
  onText: (text: string) => void;
}

/** A text field with numbered lines; what is wrong stands beside its line, and in a list that leads there. */
export function YamlEditor({ text, marks, onText }: YamlEditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [scroll, setScroll] = useState({ top: 0, left: 0 });
  const lines = text.split("\n");
  const byLine = new Map(marks.map((mark) => [mark.line, mark]));

  function goTo({ line, column }: TextProblem) {
    const start = lines.slice(0, line - 1).reduce((sum, before) => sum + before.length + 1, 0) + column - 1;
    field.current?.focus();
    field.current?.setSelectionRange(start, start + 1);
  }

  return (
    <>
      <div className={classes.editor}>
        <div className={classes.gutter} aria-hidden>
          <div style={{ transform: `translateY(${-scroll.top}px)` }}>
            {lines.map((_, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines are numbered
              <div key={index} data-wrong={byLine.has(index + 1)}>
                {index + 1}
              </div>
            ))}
          </div>
        </div>
        <div className={classes.textBox}>
          <textarea
            ref={field}
            className={classes.text}
            value={text}
            rows={Math.min(Math.max(lines.length + 1, 14), 40)}
            wrap="off"
            spellCheck={false}
            autoCapitalize="off"
            autoCorrect="off"
            aria-label="Run configuration in YAML"
            aria-invalid={marks.length > 0}
            aria-describedby="yaml-problems"
            onChange={(event) => onText(event.currentTarget.value)}
            onScroll={({ currentTarget }) =>
              setScroll({ top: currentTarget.scrollTop, left: currentTarget.scrollLeft })
            }
            data-testid="yaml-text"
          />
          <div className={classes.beside} aria-hidden>
            {[...byLine.values()].map((mark) => (
              <span
                key={mark.line}
                style={{
                  top: `calc(8px + ${mark.line - 1} * 20px - ${scroll.top}px)`,
                  left: `calc(10px + ${(lines[mark.line - 1]?.length ?? 0) + 3}ch - ${scroll.left}px)`,
                }}
              >
                {sentence(mark.message)}
              </span>
            ))}
          </div>
        </div>
      </div>
      <ul className={`list ${classes.problems}`} id="yaml-problems" role="status" data-testid="yaml-problems">
        {marks.map((mark) => (
          <li key={`${mark.line} ${mark.column} ${mark.message}`}>
            <button type="button" className="bare" onClick={() => goTo(mark)}>
              Line {mark.line}, column {mark.column}
            </button>{" "}
            {sentence(mark.message)}
          </li>
        ))}
      </ul>
    </>
  );
}
