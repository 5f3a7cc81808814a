import { Button, Menu } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { panelListQuery } from "~/api/panels";
import classes from "./Board.module.css";

/** Every picture that there is, with what it shows. */
export function AddPicture({ onAdd }: { onAdd: (name: string) => void }) {
  const { data: panels = [] } = useQuery(panelListQuery());
  return (
    <Menu position="bottom-start" width={360}>
      <Menu.Target>
        <Button leftSection={<IconPlus size={14} />} data-testid="add-picture">
          Add a picture
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.choices}>
        {panels.map(({ name, title, description }) => (
          <Menu.Item key={name} onClick={() => onAdd(name)} data-testid={`add-${name}`}>
            {title}
            <span className={classes.choiceHelp}>{description}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
