import { Button, FileButton, Group, Progress } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type DragEvent, useRef, useState } from "react";
import { upload } from "~/api/uploads";
import classes from "./form/form.module.css";
import { KeptUploads } from "./KeptUploads";

const ACCEPTED = ".jsonl,.ndjson,.json,.csv,.tsv,.parquet,.gz,.zst";
const PREFIX = /^[0-9a-f]{32}-/;

interface UploadInputProps {
  id: string;
  value: string;
  onChange: (file: string) => void;
  disabled?: boolean;
  error?: boolean;
  "aria-describedby"?: string;
}

/** A data file, chosen or dropped here and sent to the server; the value is what it is kept as. */
export function UploadInput({ id, value, onChange, disabled, error, ...rest }: UploadInputProps) {
  const [share, setShare] = useState(0);
  const empty = useRef<() => void>(null);
  const sending = useMutation({
    mutationFn: (file: File) => upload(file, setShare),
    onSuccess: ({ file }) => onChange(file),
  });

  function send(file: File | null | undefined) {
    if (!file || disabled || sending.isPending) return;
    setShare(0);
    sending.mutate(file);
    empty.current?.(); // the same name, once it is mended, is a choice too
  }

  function drop(event: DragEvent) {
    event.preventDefault();
    send(event.dataTransfer.files[0]);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a short way; the button does the same
    <div onDragOver={(event) => event.preventDefault()} onDrop={drop} data-testid={`${id}-drop`}>
      <Group gap={8} wrap="nowrap" fz="sm">
        <FileButton onChange={send} accept={ACCEPTED} disabled={disabled} resetRef={empty}>
          {(props) => (
            <Button
              {...props}
              {...rest}
              id={id}
              variant="default"
              size="xs"
              flex="none"
              loading={sending.isPending}
              color={error ? "red" : undefined}
            >
              {value === "" ? "Choose or drop a file" : "Another file"}
            </Button>
          )}
        </FileButton>
        <KeptUploads id={id} onChoose={onChange} />
        <span className="cut" style={{ minWidth: 0 }}>
          {value.replace(PREFIX, "")}
        </span>
        {value !== "" && (
          <button type="button" className="bare soft" style={{ flex: "none" }} onClick={() => onChange("")}>
            take out
          </button>
        )}
      </Group>
      {sending.isPending && <Progress mt={6} value={share * 100} aria-label="Sent" />}
      {sending.error && (
        <p className={classes.errors} role="alert">
          {told(sending.error)}
        </p>
      )}
    </div>
  );
}

function told(error: Error): string {
  const where =
    "where" in error && typeof error.where === "string" && /:\d+$/.test(error.where) ? `${error.where}: ` : "";
  return `${where}${error.message}`;
}
