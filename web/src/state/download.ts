/** Hands the reader a file, as if it had been downloaded. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after the click
}

/** The name that an answer gives its content; `fallback` where it gives none. */
export function attachmentName(header: string | null, fallback: string): string {
  const extended = /filename\*=UTF-8''([^;]+)/i.exec(header ?? "")?.[1];
  try {
    if (extended) return decodeURIComponent(extended);
  } catch {
    return fallback;
  }
  return /filename="([^"]+)"/i.exec(header ?? "")?.[1] ?? fallback;
}
