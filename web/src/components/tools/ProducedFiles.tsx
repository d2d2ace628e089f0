import { useEffect, useState } from "preact/hooks";
import type { ToolResult } from "../../api/assistant/types";
import { t } from "../../i18n";
import "../../i18n/en/tools";
import { useApp } from "../context";
import { Icon } from "../Icon";

type Produced = NonNullable<ToolResult["files"]>[number];

const SHOWN = /^image\/(png|jpeg|gif|webp)$/;

/** What a call made: pictures are shown, everything can be saved. */
export function ProducedFiles({ files }: { readonly files: readonly Produced[] }) {
  return (
    <ul class="tool-files" aria-label={t("tools.files")}>
      {files.map((file) => (
        <li key={file.id}>
          <ProducedFile file={file} />
        </li>
      ))}
    </ul>
  );
}

/** The content comes by a request with the key, which an address in `src` could not carry. */
function ProducedFile({ file }: { readonly file: Produced }) {
  const { client } = useApp();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let made = "";
    client
      .send(`api/files/${file.id}/content`, { accept: "*/*", signal: abort.signal })
      .then((response) => response.blob())
      .then(
        (blob) => {
          if (abort.signal.aborted) return;
          made = URL.createObjectURL(new Blob([blob], { type: SHOWN.test(file.media_type) ? file.media_type : "application/octet-stream" }));
          setUrl(made);
        },
        () => undefined, // the name stays; a later visit tries again
      );
    return () => {
      abort.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [client, file.id, file.media_type]);
  return (
    <figure>
      {url !== null && SHOWN.test(file.media_type) && <img src={url} alt={file.name} />}
      <figcaption>
        {url === null ? (
          file.name
        ) : (
          <a href={url} download={file.name} aria-label={t("tools.openFile", { name: file.name })}>
            <Icon name="save" size={16} /> {file.name}
          </a>
        )}
      </figcaption>
    </figure>
  );
}
