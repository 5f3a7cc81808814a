import { Button, Group, Modal, TextInput, type TextInputProps } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowUp, IconFile, IconFolder, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type FilesAsked, foldersQuery } from "~/api/imports";
import type { Folder } from "~/api/types";
import { bytes } from "~/lib/format";
import { Unread } from "../Unread";
import classes from "./PathInput.module.css";

export type PathControl = "model_folder" | "gguf_file" | "data_file";

const ASKED: Record<PathControl, FilesAsked> = { model_folder: "none", gguf_file: "gguf", data_file: "data" };
const TITLES: Record<PathControl, string> = {
  model_folder: "Choose a folder with a model",
  gguf_file: "Choose a GGUF file",
  data_file: "Choose a data file",
};

export function isPathControl(control: unknown): control is PathControl {
  return typeof control === "string" && control in ASKED;
}

type PathInputProps = Omit<TextInputProps, "value" | "onChange"> & {
  of: PathControl;
  value: string;
  onChange: (path: string) => void;
};

/** A path, typed or chosen below the server's roots. */
export function PathInput({ of, value, onChange, ...rest }: PathInputProps) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <Group gap={6} wrap="nowrap">
      <TextInput {...rest} flex={1} miw={0} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
      <Button flex="none" onClick={open} disabled={rest.disabled} data-testid={`${rest.id}-browse`}>
        Browse…
      </Button>
      <Modal opened={opened} onClose={close} title={TITLES[of]} size="lg">
        <Places
          of={of}
          onChoose={(path) => {
            onChange(path);
            close();
          }}
        />
      </Modal>
    </Group>
  );
}

function Places({ of, onChoose }: { of: PathControl; onChoose: (path: string) => void }) {
  const [path, setPath] = useState("");
  const query = useQuery(foldersQuery(path, ASKED[of]));
  const { data } = query;
  if (!data) {
    return (
      <Unread what="the folder" query={query}>
        <Button onClick={() => setPath("")}>All roots</Button>
      </Unread>
    );
  }
  const nothing = data.folders.length + data.files.length === 0 && !(of === "model_folder" && data.here?.format);
  return (
    <div data-testid="places">
      {data.here && (
        <Group gap={8} mb={8} wrap="nowrap">
          <Button leftSection={<IconArrowUp size={14} aria-hidden />} onClick={() => setPath(data.parent ?? "")}>
            {data.parent ? "Up" : "All roots"}
          </Button>
          <span className={`mono cut ${classes.here}`}>{data.here.path}</span>
        </Group>
      )}
      <ul className={`list ${classes.places}`}>
        {of === "model_folder" && data.here?.format && (
          <FolderLine folder={data.here} name="This folder" onChoose={onChoose} />
        )}
        {data.folders.map((folder) => (
          <FolderLine
            key={folder.path}
            folder={folder}
            name={folder.title || folder.name}
            onOpen={setPath}
            onChoose={of === "model_folder" && folder.format ? onChoose : undefined}
          />
        ))}
        {data.files.map((file) => (
          <li key={file.path}>
            <IconFile size={16} aria-hidden />
            <button type="button" className="bare" onClick={() => onChoose(file.path)}>
              {file.name}
            </button>
            <span className="soft">{bytes(file.bytes)}</span>
          </li>
        ))}
      </ul>
      {nothing && <p className="soft">Nothing here that could be chosen.</p>}
      {data.left_out > 0 && <p className="soft">{data.left_out} more are not listed; type the path.</p>}
      {!data.configured && path === "" && (
        <p className="soft">
          Start the server with OPDBOARD_MODEL_ROOTS=/folder,/another to look through your own folders here. Until then,
          type the path.
        </p>
      )}
    </div>
  );
}

interface FolderLineProps {
  folder: Folder;
  name: string;
  onOpen?: (path: string) => void;
  onChoose?: ((path: string) => void) | undefined;
}

function FolderLine({ folder, name, onOpen, onChoose }: FolderLineProps) {
  const Icon = folder.format ? IconStack2 : IconFolder;
  return (
    <li>
      <Icon size={16} aria-hidden />
      {onOpen ? (
        <button type="button" className="bare" onClick={() => onOpen(folder.path)}>
          {name}
        </button>
      ) : (
        <span>{name}</span>
      )}
      {onChoose && (
        <Button ml="auto" aria-label={`Choose ${name}`} onClick={() => onChoose(folder.path)}>
          Choose
        </Button>
      )}
    </li>
  );
}
