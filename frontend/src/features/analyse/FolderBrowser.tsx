import { Button, Group } from "@mantine/core";
import { IconArrowUp, IconFolder, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { foldersQuery } from "~/api/imports";
import type { Folder } from "~/api/types";
import { Empty } from "~/components/Empty";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import classes from "./AnalysePage.module.css";
import { canBeBase, describe } from "./series";

interface FolderBrowserProps {
  onBase: (path: string) => void;
  onCheckpoints: (path: string) => void;
}

/** The server's folders below its roots, one at a time; which one is in the address. */
export function FolderBrowser({ onBase, onCheckpoints }: FolderBrowserProps) {
  const [search, change] = useView();
  const path = search.folder ?? "";
  const query = useQuery(foldersQuery(path));
  const { data } = query;
  const open = (folder: string | null) => change({ folder: folder ?? undefined });
  const choices = { onOpen: open, onBase, onCheckpoints };

  return (
    <section className={`card ${classes.card}`} aria-label="Folders" data-testid="folders">
      <div className={classes.where}>
        <h2>Folders</h2>
        {path !== "" && (
          <>
            <span className="mono" data-testid="folder-here">
              {data?.here?.path ?? path}
            </span>
            <Button
              leftSection={<IconArrowUp size={14} />}
              onClick={() => open(data?.parent ?? null)}
              data-testid="folder-up"
            >
              {data?.parent ? "Up" : "All roots"}
            </Button>
          </>
        )}
      </div>
      {!data && (
        <Unread what="the folder" query={query}>
          <Button onClick={() => open(null)}>All roots</Button>
        </Unread>
      )}
      {data && (
        <>
          {data.here && <FolderLine folder={data.here} here {...choices} />}
          <ul className={classes.folders}>
            {data.folders.map((folder) => (
              <li key={folder.path}>
                <FolderLine folder={folder} {...choices} />
              </li>
            ))}
          </ul>
          {data.left_out > 0 && <p className="soft">{data.left_out} more folders are not listed.</p>}
          {data.folders.length === 0 && data.here?.format === null && (
            <Empty title="No folders here">Neither checkpoints nor folders that could hold any.</Empty>
          )}
          {!data.configured && path === "" && (
            <p className="soft" data-testid="no-roots">
              Start the server with OPDBOARD_MODEL_ROOTS=/folder,/another to look through your own folders here. Until
              then, type their paths at the side.
            </p>
          )}
        </>
      )}
    </section>
  );
}

interface FolderLineProps extends FolderBrowserProps {
  folder: Folder;
  here?: boolean;
  onOpen: (path: string) => void;
}

function FolderLine({ folder, here = false, onOpen, onBase, onCheckpoints }: FolderLineProps) {
  const series = folder.checkpoints > 0;
  const usable = series || folder.format !== null;
  if (here && !usable) return null;
  const Icon = usable ? IconStack2 : IconFolder;
  return (
    <div className={classes.folder} data-testid={here ? "folder-itself" : `folder-${folder.name}`}>
      <Icon size={16} aria-hidden />
      {here ? (
        <span className={classes.name}>This folder</span>
      ) : (
        <button type="button" className={classes.name} onClick={() => onOpen(folder.path)}>
          {folder.title || folder.name}
          {folder.title && <span className="soft"> {folder.name}</span>}
        </button>
      )}
      <span className="soft">{describe(folder)}</span>
      <Group gap={8} ml="auto" wrap="nowrap">
        {canBeBase(folder) && (
          <Button onClick={() => onBase(folder.path)} data-testid="use-as-base">
            Use as base
          </Button>
        )}
        {usable && (
          <Button onClick={() => onCheckpoints(folder.path)} data-testid="add-checkpoints">
            {series ? `Add all ${folder.checkpoints}` : "Add"}
          </Button>
        )}
      </Group>
    </div>
  );
}
