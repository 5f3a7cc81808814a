import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteUpload, uploadsKey, uploadsQuery } from "~/api/uploads";
import { bytes, moment } from "~/lib/format";
import { ErrorBox } from "./ErrorBox";
import classes from "./form/PathInput.module.css";
import { Unread } from "./Unread";

/** The files that were uploaded before, to choose from or to delete. */
export function KeptUploads({ id, onChoose }: { id: string; onChoose: (file: string) => void }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button size="xs" flex="none" onClick={open} data-testid={`${id}-kept`}>
        Kept files…
      </Button>
      <Modal opened={opened} onClose={close} title="Uploaded files" size="lg">
        <Files
          onChoose={(file) => {
            onChoose(file);
            close();
          }}
        />
      </Modal>
    </>
  );
}

function Files({ onChoose }: { onChoose: (file: string) => void }) {
  const cache = useQueryClient();
  const query = useQuery({ ...uploadsQuery(), staleTime: 0 });
  const [sure, setSure] = useState<string>();
  const remove = useMutation({
    mutationFn: deleteUpload,
    onSettled: () => cache.invalidateQueries({ queryKey: uploadsKey }),
  });
  if (!query.data) return <Unread what="the uploaded files" query={query} />;
  return (
    <>
      {remove.error && <ErrorBox title="Nothing was deleted" error={remove.error} />}
      {query.data.length === 0 && <p className="soft">No file has been uploaded.</p>}
      <ul className={`list ${classes.places}`} data-testid="kept-uploads">
        {query.data.map(({ file, name, bytes: size, at, needed_by }) => (
          <li key={file}>
            <button type="button" className="bare" onClick={() => onChoose(file)}>
              {name}
            </button>
            <span className="soft nowrap">
              {bytes(size)}, {moment(at)}
            </span>
            <Button
              ml="auto"
              flex="none"
              aria-label={`${sure === file ? "Delete for good" : "Delete"} ${name}`}
              disabled={needed_by.length > 0}
              title={needed_by.length > 0 ? `Read by ${needed_by.join(", ")}, not ended yet` : undefined}
              loading={remove.isPending && remove.variables === file}
              color={sure === file ? "red" : undefined}
              onClick={({ detail }) => {
                if (sure !== file) setSure(file);
                else if (detail < 2) remove.mutate(file); // a double click has not read what the button says by now
              }}
            >
              {needed_by.length > 0 ? "In use" : sure === file ? "Delete for good" : "Delete"}
            </Button>
          </li>
        ))}
      </ul>
      <p className="soft">A run that has ended keeps its results; to run it again needs its file.</p>
    </>
  );
}
