import { Problem } from "~/components/ErrorBox";
import { type FieldProblem, fieldId, pathInWords, sentence } from "~/lib/formErrors";
import classes from "./LaunchPage.module.css";

interface ErrorSummaryProps {
  problems: readonly FieldProblem[];
  onSelect: (path: string) => void;
}

/** What the server refuses, with a way to each field. */
export function ErrorSummary({ problems, onSelect }: ErrorSummaryProps) {
  const title = problems.length === 1 ? "One value needs a change" : `${problems.length} values need a change`;
  return (
    <div data-testid="error-summary">
      <Problem title={title} detail={`Change ${problems.length === 1 ? "it" : "them"}, then launch.`}>
        <ul className={`list ${classes.problems}`}>
          {problems.map((problem) => (
            <li key={`${problem.path} ${problem.message}`}>
              {problem.path !== "" && (
                <button type="button" className="bare" onClick={() => onSelect(problem.path)}>
                  {pathInWords(problem.path)}
                </button>
              )}
              <span>{sentence(problem.message)}</span>
            </li>
          ))}
        </ul>
      </Problem>
    </div>
  );
}

/** Bring a field into view, out of a folded section if need be. */
export function focusField(path: string) {
  const id = fieldId(path);
  const field = document.getElementById(id) ?? document.getElementById(`${id.replace(/_kind$/, "")}-section`);
  for (let part = field?.closest("details"); part; part = part.parentElement?.closest("details")) part.open = true;
  const input = field?.matches("fieldset") ? field.querySelector<HTMLElement>("input, textarea, button") : field;
  field?.scrollIntoView({ block: field === input ? "center" : "start", behavior: "smooth" });
  input?.focus({ preventScroll: true });
}
