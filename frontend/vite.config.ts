import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const backend = process.env.OPDBOARD_URL ?? "http://127.0.0.1:8765";

export default defineConfig({
  plugins: [react(), plotlyModule()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../backend/opdboard/static",
    emptyOutDir: true,
    sourcemap: false,
    chunkSizeWarningLimit: 1600, // plotly, which is loaded with the first picture only
  },
  server: { proxy: { "/api": { target: backend, changeOrigin: true } } },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
  },
});

/**
 * plotly.js as a module. In the wrapper for scripts and CommonJS its megabyte is a function in a function in a function, and
 * the browser parses all of it again for each, in the task that then is the longest of a run's page.
 */
function plotlyModule(): Plugin {
  const head =
    /^(\/\*\*.*?\*\/\s*)\(\s*function\(root, factory\) \{.*?\}\s*\(typeof self !== "undefined" \? self : this, \(\) => \{\s*"use strict";/s;
  const tail = /window\.Plotly = Plotly;\s*return Plotly;\s*\}\)\);?\s*$/;
  return {
    name: "plotly-module",
    transform: {
      filter: { id: /plotly-cartesian\.min\.js$/ },
      handler(code) {
        if (!head.test(code) || !tail.test(code)) this.error("plotly.js is wrapped in another way than it was");
        return { code: code.replace(head, "$1").replace(tail, "export default Plotly;\n"), map: null };
      },
    },
  };
}
