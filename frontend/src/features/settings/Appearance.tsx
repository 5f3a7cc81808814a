import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { Fact } from "./Fact";

const SCHEMES = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

/** The theme, remembered by this browser. */
export function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Fact name="Theme">
      <SegmentedControl
        data={[...SCHEMES]}
        value={colorScheme}
        onChange={(scheme) => setColorScheme(scheme as typeof colorScheme)}
        aria-label="Theme"
      />
    </Fact>
  );
}
