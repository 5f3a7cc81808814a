import { Button } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { shownValue } from "~/components/form/words";
import type { Difference } from "~/lib/configPaths";
import { pathInWords } from "~/lib/formErrors";
import classes from "./LaunchPage.module.css";

interface ChangesProps {
  changes: readonly Difference[];
  origin: string;
  onPutBack: (difference: Difference) => void;
  onPutAllBack: () => void;
}

/** What differs from where the form started; one click puts a value back. */
export function Changes({ changes, origin, onPutBack, onPutAllBack }: ChangesProps) {
  return (
    <section aria-label="Changes" data-testid="changes">
      <header className={classes.changesHead}>
        <h2>
          {changes.length === 0 ? "No change" : `${changes.length} ${changes.length === 1 ? "change" : "changes"}`}{" "}
          <span className="soft">against {origin}</span>
        </h2>
        {changes.length > 1 && (
          <Button variant="subtle" size="compact-xs" onClick={onPutAllBack}>
            Put all back
          </Button>
        )}
      </header>
      {changes.length > 0 && (
        <ul className={`list ${classes.changes}`}>
          {changes.map((change) => (
            <li key={change.path} data-testid={`change-${change.path}`}>
              <span>
                {pathInWords(change.path.replace(/\.kind$/, ""))}
                <span className={classes.change}>
                  <s>{shownValue(change.before)}</s> → <b>{shownValue(change.after)}</b>
                </span>
              </span>
              <button
                type="button"
                className="bare"
                title={`Put back to ${shownValue(change.before)}`}
                aria-label={`Undo the change of ${pathInWords(change.path)}`}
                onClick={() => onPutBack(change)}
              >
                <IconArrowBackUp size={15} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
