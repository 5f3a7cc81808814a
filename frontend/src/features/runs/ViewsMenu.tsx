import { ActionIcon, Button, Popover, TextInput } from "@mantine/core";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { SavedView } from "~/api/types";
import { deleteView, saveView, viewsKey, viewsQuery } from "~/api/views";
import { ErrorBox, errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import { parseSearch, type Search, stringifySearch } from "~/lib/urlParams";
import classes from "./RunsPage.module.css";

const PAGE = "runs";

/** Names for what the table shows; everybody who uses this server sees the same ones. */
export function ViewsMenu() {
  const [name, setName] = useState("");
  const [open, setOpen] = useState(false);
  const { data, error } = useQuery(viewsQuery(PAGE));
  const search = stringifySearch(useSearch({ strict: false }) as Search);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const done = {
    onSuccess: () => cache.invalidateQueries({ queryKey: viewsKey(PAGE) }),
    onError: (problem: unknown) => notify(errorText(problem), "The view was not changed"),
  };
  const save = useMutation({ mutationFn: (wanted: string) => saveView(PAGE, wanted, search), ...done });
  const remove = useMutation({ mutationFn: (view: SavedView) => deleteView(PAGE, view.name), ...done });
  const show = (view: SavedView) => {
    setOpen(false);
    void navigate({ to: ".", search: parseSearch(view.search) as never });
  };
  const current = data?.views.find((view) => view.search === search);

  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="sm"
          leftSection={<IconBookmark size={15} />}
          onClick={() => setOpen(!open)}
          data-testid="views"
        >
          {current?.name ?? "Views"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8} w={280}>
        {error && <ErrorBox title="The views could not be read" error={error} />}
        <ul className={classes.offered} aria-label="Saved views">
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
              <ActionIcon
                variant="subtle"
                color="gray"
                size="sm"
                aria-label={`Forget the view ${view.name}`}
                onClick={() => remove.mutate(view)}
              >
                <IconTrash size={14} />
              </ActionIcon>
            </li>
          ))}
          {data?.views.length === 0 && <li className="soft">No view has been saved yet.</li>}
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
            size="xs"
            placeholder="Name of this view"
            aria-label="Name of this view"
            value={name}
            maxLength={200}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
            data-testid="view-name"
          />
          <Button type="submit" size="xs" disabled={name.trim() === ""} data-testid="save-view">
            {data?.views.some((view) => view.name === name.trim()) ? "Replace" : "Save"}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
