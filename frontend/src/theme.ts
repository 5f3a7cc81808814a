import {
  type ActionIconProps,
  type BadgeProps,
  type ButtonProps,
  createTheme,
  type MantineColorsTuple,
  type MenuProps,
  type ModalProps,
  type TooltipProps,
} from "@mantine/core";

/** The one accent; far enough from every run colour not to be taken for a curve. */
const accent: MantineColorsTuple = [
  "#f1f0ff",
  "#deddfa",
  "#bbb8f0",
  "#9892e7",
  "#7a72df",
  "#675edb",
  "#5d53d5",
  "#4f46bd",
  "#463ea9",
  "#3a3495",
];

const dark: MantineColorsTuple = [
  "#d9dce3",
  "#b8bdc9",
  "#9aa1b0",
  "#6b7282",
  "#3a404d",
  "#2b303b",
  "#1f232c",
  "#15181e",
  "#101217",
  "#0b0d11",
];

/** Where numbers and choices are set, small. */
const INPUTS = ["Checkbox", "MultiSelect", "SegmentedControl", "Select", "Switch", "TextInput"];

export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 6, dark: 5 },
  colors: { accent, dark },
  fontFamily: '"Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif',
  fontFamilyMonospace:
    '"JetBrains Mono Variable", ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.35", sm: "1.4", md: "1.43", lg: "1.4", xl: "1.3" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  radius: { xs: "3px", sm: "4px", md: "6px", lg: "8px", xl: "12px" },
  defaultRadius: "sm",
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "16px", lineHeight: "24px" },
      h3: { fontSize: "14px", lineHeight: "20px" },
    },
  },
  breakpoints: { lg: "68.75em" },
  focusRing: "auto",
  cursorType: "pointer",
  // Plain objects: what a page does not show it need not load.
  components: {
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: "sm" } satisfies ActionIconProps },
    Badge: { defaultProps: { radius: "sm", size: "sm", variant: "light" } satisfies BadgeProps },
    Button: { defaultProps: { variant: "default", size: "compact-sm", fw: 500 } satisfies ButtonProps },
    Menu: { defaultProps: { position: "bottom-end", shadow: "md" } satisfies MenuProps },
    Modal: {
      // A <header> in the <section role="dialog"> counts as a second banner of the page.
      defaultProps: {
        centered: true,
        closeButtonProps: { "aria-label": "Close" },
        attributes: { header: { role: "presentation" } },
      } satisfies Partial<ModalProps>,
      styles: {
        content: { background: "var(--surface)" },
        header: { background: "var(--surface)" },
        title: { fontWeight: 600 },
      },
    },
    Tooltip: {
      defaultProps: {
        openDelay: 300,
        multiline: true,
        events: { hover: true, focus: true, touch: true },
      } satisfies Partial<TooltipProps>,
    },
    ...Object.fromEntries(INPUTS.map((name) => [name, { defaultProps: { size: "xs" } }])),
  },
});
