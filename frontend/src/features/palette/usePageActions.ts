import { useMantineColorScheme } from "@mantine/core";
import { IconKeyboard, IconLink, IconPlaylistAdd, IconSunMoon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { presetsQuery } from "~/api/launch";
import { notify } from "~/components/notify";
import { overlay } from "~/components/shell/overlay";
import { pages } from "~/components/shell/pages";
import type { PaletteGroup } from "./actions";

/** What is offered on every page: the pages, ready-made runs to launch, and the view. */
export function usePageActions(): PaletteGroup[] {
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { data: presets } = useQuery(presetsQuery());
  const next = colorScheme === "dark" ? "light" : "dark";
  return [
    {
      label: "Go to",
      actions: pages.map(({ to, label, short, key, Icon }) => ({
        id: `page-${short.toLowerCase()}`,
        label,
        keys: `g ${key}`,
        Icon,
        run: () => void navigate({ to }),
      })),
    },
    {
      label: "Launch",
      actions: (presets ?? []).map(({ name, title, description }) => ({
        id: `preset-${name}`,
        label: title,
        description,
        Icon: IconPlaylistAdd,
        run: () => void navigate({ to: "/launch", search: { preset: name } }),
      })),
    },
    {
      label: "View",
      actions: [
        {
          id: "theme",
          label: `Switch to the ${next} theme`,
          Icon: IconSunMoon,
          run: () => setColorScheme(next),
        },
        {
          id: "copy-address",
          label: "Copy the address of this view",
          Icon: IconLink,
          run: () =>
            void navigator.clipboard.writeText(window.location.href).then(
              () => notify("The address was copied"),
              () => notify("The browser did not allow it; copy it from the address bar", "The address was not copied"),
            ),
        },
        {
          id: "shortcuts",
          label: "Show the keyboard shortcuts",
          keys: "?",
          Icon: IconKeyboard,
          run: () => overlay.set("shortcuts"),
        },
      ],
    },
  ];
}
