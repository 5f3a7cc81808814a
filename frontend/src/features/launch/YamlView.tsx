import { Button, FileButton } from "@mantine/core";
import { useMemo } from "react";
import { Copy } from "~/components/Copy";
import { notify } from "~/components/notify";
import { type FieldProblem, sentence } from "~/lib/formErrors";
import { positionOf, type TextProblem } from "~/lib/yaml";
import classes from "./Yaml.module.css";
import { YamlEditor } from "./YamlEditor";

interface YamlViewProps {
  text: string;
  fileName: string;
  textProblems: readonly TextProblem[];
  problems: readonly FieldProblem[];
  full: boolean;
  onText: (text: string) => void;
}

/** The configuration as the file that `opdboard run` takes. */
export function YamlView({ text, fileName, textProblems, problems, full, onText }: YamlViewProps) {
  const marks = useMemo(() => {
    if (textProblems.length > 0) return textProblems;
    return problems
      .filter(({ path }) => !path.startsWith("sweep."))
      .map(({ path, message }) => ({ ...positionOf(text, path), message: `${path}: ${sentence(message)}` }))
      .sort((a, b) => a.line - b.line);
  }, [text, textProblems, problems]);
  return (
    <section className={`card ${classes.view}`} aria-label="Configuration as YAML">
      <div className={classes.toolbar}>
        <span className={classes.space} />
        <FileButton accept=".yaml,.yml,.json" onChange={(file) => file && void open(file, onText)}>
          {(props) => <Button {...props}>Open a file</Button>}
        </FileButton>
        <Copy value={text}>Copy</Copy>
        <Button
          component="a"
          href={`data:text/yaml;charset=utf-8,${encodeURIComponent(text)}`}
          download={fileName}
          data-testid="yaml-download"
        >
          Download
        </Button>
      </div>
      <YamlEditor text={text} marks={marks} onText={onText} />
      <p className={classes.hint}>
        {full ? "All values." : "What is not here has its default."} The same file runs with{" "}
        <code>opdboard run {fileName}</code>.
      </p>
    </section>
  );
}

async function open(file: File, onText: (text: string) => void) {
  try {
    onText(await file.text());
  } catch {
    notify(`${file.name} could not be read`, "The file was not opened");
  }
}
