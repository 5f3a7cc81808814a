import { useComputedColorScheme } from "@mantine/core";
import type { Scheme } from "~/lib/colors";

export function useScheme(): Scheme {
  return useComputedColorScheme("light", { getInitialValueInEffect: false });
}
