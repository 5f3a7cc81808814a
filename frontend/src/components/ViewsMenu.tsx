import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SavedView } from "~/api/types";
import { deleteView, saveView, viewsKey, viewsQuery } from "~/api/views";
import { type Asked, parseSearch, type Search, stringifySearch } from "~/lib/urlParams";
import { ErrorBox } from "./ErrorBox";
import offered from "./offered.module.css";
import { Popup } from "./Popup";
import { useAction } from "./useAction";
import classes from "./ViewsMenu.module.css";

interface ViewsMenuProps {
  /** Whose views: the name under which the server keeps them. */
  page: string;
  /** What a view is called here: view, board. */
  noun: string;
  /** What would be saved now. */
  search: Asked;
  onShow: (search: Search) => void;
}

/** Names for what a page shows; everybody who uses this server sees the same ones. */
export function ViewsMenu({ page, noun, search: shown, onShow }: ViewsMenuProps) {
  const [name, setName] = useState("");
  const [open, setOpen] = useState(false);
  const { data, error } = useQuery(viewsQuery(page));
  const search = stringifySearch(shown);
  const failure = `The ${noun} was not changed`;
  const save = useAction((wanted: string) => saveView(page, wanted, search), failure, viewsKey(page));
  const remove = useAction((view: SavedView) => deleteView(page, view.name), failure, viewsKey(page));
  const show = (view: SavedView) => {
    setOpen(false);
    onShow(parseSearch(view.search));
  };
  const current = data?.views.find((view) => view.search === search);

  return (
    <Popup opened={open} onChange={setOpen} position="bottom-end">
      <Popup.Target>
        <Button size="sm" leftSection={<IconBookmark size={15} />} onClick={() => setOpen(!open)} data-testid="views">
          {current?.name ?? `${noun[0]?.toUpperCase()}${noun.slice(1)}s`}
        </Button>
      </Popup.Target>
      <Popup.Dropdown p={8} w={280}>
        {error && <ErrorBox title={`The ${noun}s could not be read`} error={error} />}
        <ul className={`list ${offered.offered}`} aria-label={`Saved ${noun}s`}>
          {data?.views.map((view) => (
            <li key={view.name}>
              <button
                type="button"
                onClick={() => show(view)}
                aria-current={view === current}
                data-testid={`view-${view.name}`}
              >
                {view.name}
              </button>
              <ActionIcon aria-label={`Forget the ${noun} ${view.name}`} onClick={() => remove.mutate(view)}>
                <IconTrash size={14} />
              </ActionIcon>
            </li>
          ))}
          {data?.views.length === 0 && <li className="soft">No {noun} has been saved yet.</li>}
        </ul>
        <form
          className={classes.saveView}
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== "") save.mutate(name.trim());
            setName("");
          }}
        >
          <TextInput
            placeholder={`Name of this ${noun}`}
            aria-label={`Name of this ${noun}`}
            value={name}
            maxLength={200}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
            data-testid="view-name"
          />
          <Button variant="filled" type="submit" size="xs" disabled={name.trim() === ""} data-testid="save-view">
            {data?.views.some((view) => view.name === name.trim()) ? "Replace" : "Save"}
          </Button>
        </form>
      </Popup.Dropdown>
    </Popup>
  );
}
