import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const backend = process.env.OPDBOARD_URL ?? "http://127.0.0.1:8765";

export default defineConfig({
  plugins: [react()],
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
