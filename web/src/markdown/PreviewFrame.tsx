import { useRef } from "preact/hooks";
import { t } from "../i18n";

/** HTML or SVG as it draws itself: in a frame without origin and network (server/frames.py), which gets it as a message. */
export function PreviewFrame({ code, svg }: { readonly code: string; readonly svg: boolean }) {
  const handedOver = useRef(false); // a document that replaces itself gets nothing more
  return (
    <iframe
      key={code}
      class="preview"
      src="frames/preview.html"
      sandbox="allow-scripts"
      referrerpolicy="no-referrer"
      title={t("text.previewTitle")}
      onLoad={({ currentTarget: { contentWindow } }) => {
        if (handedOver.current) return;
        handedOver.current = true;
        contentWindow?.postMessage(svg ? `<!doctype html><title>SVG</title><style>body{margin:0;display:grid;place-items:center}</style>${code}` : code, "*");
      }}
    />
  );
}
