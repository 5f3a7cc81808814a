import { createStore } from "~/lib/store";

/** What of the keyboard's help is open; its code is loaded when it is first asked for. */
export const overlay = createStore<"none" | "palette" | "shortcuts">("none");
