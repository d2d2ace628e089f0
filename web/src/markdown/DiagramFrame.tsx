import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";

const PATIENCE_MS = 15_000; // until a diagram that does not come counts as one that cannot be drawn
const HIGHEST = 4_000; // pixels
const LONGEST_ERROR = 300; // characters

interface Answer {
  readonly ready?: unknown;
  readonly height?: unknown;
  readonly error?: unknown;
}

/**
 * A Mermaid diagram, drawn in a frame without origin and network (server/frames.py). What the frame says is text and a
 * height: nothing else of it reaches the page. A diagram that cannot be drawn shows its source, and why.
 */
export function DiagramFrame({ source }: { readonly source: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const order = () => frame.current?.contentWindow?.postMessage({ source, dark: isDark() }, "*");
    const fail = (why: string) => {
      clearTimeout(patience);
      setError(why.split("\n").slice(0, 4).join("\n").slice(0, LONGEST_ERROR));
    };
    let patience: ReturnType<typeof setTimeout> | undefined;
    const onMessage = ({ source: from, data }: MessageEvent<Answer | null>) => {
      if (!frame.current || from !== frame.current.contentWindow || typeof data !== "object" || data === null) return;
      if (data.ready === true) {
        patience = setTimeout(() => fail(t("text.diagramSlow")), PATIENCE_MS);
        order();
      } else if (typeof data.error === "string") fail(data.error);
      else if (typeof data.height === "number" && Number.isFinite(data.height)) {
        clearTimeout(patience);
        frame.current.style.height = `${Math.min(HIGHEST, Math.max(40, data.height))}px`;
        frame.current.classList.add("drawn");
      }
    };
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const theme = new MutationObserver(order);
    window.addEventListener("message", onMessage);
    scheme.addEventListener("change", order);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      clearTimeout(patience);
      window.removeEventListener("message", onMessage);
      scheme.removeEventListener("change", order);
      theme.disconnect();
    };
  }, [source]);
  if (error !== null) {
    return (
      <>
        <p class="diagram-error">
          {t("text.diagramFailed")} <span>{error}</span>
        </p>
        <pre tabIndex={0} role="group" aria-label={t("text.code", { language: "mermaid" })}>
          <code>{source}</code>
        </pre>
      </>
    );
  }
  return <iframe ref={frame} class="diagram" src="frames/diagram.html" sandbox="allow-scripts" referrerpolicy="no-referrer" title={t("text.diagramTitle")} />;
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}
