/** Hands the reader the content of an answer as a file, under the name that the answer gives it. */
export async function saveFile(response: Response, fallback: string): Promise<void> {
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = attachmentName(response.headers.get("content-disposition")) ?? fallback;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after the click
}

/** The name in a Content-Disposition (RFC 6266); null where it has none that can be read. */
export function attachmentName(header: string | null): string | null {
  const name = /filename\*=UTF-8''([^;]+)/i.exec(header ?? "")?.[1];
  try {
    return name === undefined ? null : decodeURIComponent(name);
  } catch {
    return null;
  }
}
