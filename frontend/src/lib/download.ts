/** Hands a text to the browser as a file. */
export function downloadText(text: string, filename: string) {
  download(new Blob([text], { type: "text/plain" }), filename);
}

/** A name that any file system takes. */
export function fileName(text: string): string {
  return text.replace(/[^\w.-]+/g, "-");
}

export function download(content: Blob, filename: string) {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
