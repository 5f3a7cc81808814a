import { createStore } from "./store";

/** While it holds, the page is as it will be on paper: light, of a sheet's width, every picture drawn. */
export const printing = createStore(false);
