import { useEffect, useState } from "preact/hooks";
import type { ComponentChild } from "preact";
import { CopyButton } from "../components/CopyButton";
import { download } from "../state/download";
import { Icon, type IconName } from "../components/Icon";
import { lazy } from "../components/lazy";
import { t } from "../i18n";
import { codeFileName } from "./codeFile";
import { loadHighlight, type Highlight } from "./highlight";

interface Props {
  readonly code: string;
  readonly language: string; // as written after the fence
  readonly open: boolean; // still streaming
}

const LIVE = 4_000; // characters that may be colored anew with every piece that comes
const LONG = 60; // lines: a block that is longer opens with the first of them (blocks.css); on paper it is whole
const PREVIEWED = 500_000; // characters that a preview takes

const Preview = lazy(() => import("./PreviewFrame").then(({ PreviewFrame }) => PreviewFrame));
const Diagram = lazy(() => import("./DiagramFrame").then(({ DiagramFrame }) => DiagramFrame));

export function CodeBlock({ code, language, open }: Props) {
  const name = languageName(language);
  const highlight = useHighlight(name !== "");
  const [wrapped, setWrapped] = useState(false);
  const [folded, setFolded] = useState(() => !open && lineCount(code) > LONG); // what has streamed under the reader's eyes stays open
  const picture = open ? null : pictureOf(name, code);
  const [drawn, setDrawn] = useState<boolean | null>(null); // null: nothing is chosen
  const showsPicture = picture !== null && (drawn ?? picture === "diagram");
  const colored: ComponentChild[] | null = highlight && (!open || code.length <= LIVE) ? highlight(code, name) : null;
  return (
    <figure class="code">
      <figcaption>
        <span>{caption(language, name)}</span>
        <span class="code-actions">
          {picture && code.length <= PREVIEWED && (
            <button type="button" class="text-button" aria-pressed={showsPicture} onClick={() => setDrawn(!showsPicture)}>
              {t(picture === "diagram" ? "text.diagram" : "text.preview")}
            </button>
          )}
          {!showsPicture && <Toggle icon="wrap" label={t("text.wrap")} pressed={wrapped} onClick={() => setWrapped(!wrapped)} />}
          {!open && <Toggle icon="save" label={t("text.saveCode")} onClick={() => download(codeFileName(language, name, code), new Blob([code], { type: "text/plain" }))} />}
          <CopyButton text={code} label={t("text.copyCode")} />
        </span>
      </figcaption>
      {showsPicture && picture === "preview" && <Preview code={code} svg={isSvg(code)} />}
      {showsPicture && picture === "diagram" && <Diagram source={code} />}
      {!showsPicture && (
        <pre class={`${wrapped ? "wrapped" : ""}${folded ? " folded" : ""}`} tabIndex={0} aria-label={t("text.code", { language: name || t("text.plain") })} role="group">
          <code>{colored ?? code}</code>
        </pre>
      )}
      {!showsPicture && folded && (
        <button type="button" class="text-button unfold" onClick={() => setFolded(false)}>
          {t("text.showLines", { count: lineCount(code) })}
        </button>
      )}
    </figure>
  );
}

interface ToggleProps {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  onClick(): void;
}

function Toggle({ icon, label, pressed, onClick }: ToggleProps) {
  return (
    <button type="button" class="icon-button small" aria-label={label} title={label} {...(pressed === undefined ? {} : { "aria-pressed": pressed })} onClick={onClick}>
      <Icon name={icon} size={16} />
    </button>
  );
}

/** What the code draws, beside its text: a diagram at once, a document of its own when the reader asks. */
function pictureOf(name: string, code: string): "diagram" | "preview" | null {
  if (name === "mermaid" && code.length <= 50_000) return "diagram";
  if (name === "html" || name === "svg" || (name === "xml" && isSvg(code))) return "preview";
  return null;
}

function isSvg(code: string): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)?<svg[\s>]/i.test(code.slice(0, 4_000));
}

function lineCount(code: string): number {
  let lines = 1;
  for (let at = code.indexOf("\n"); at >= 0; at = code.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

/** The word that names the language: `python`, `{.python}`, `python title="x.py"`, `C++`. */
function languageName(info: string): string {
  return /^[{.\s]*([\p{L}\w+#][\p{L}\w+#.-]{0,29})/u.exec(info.toLowerCase())?.[1] ?? "";
}

/** What stands after the fence: the language, and with it the name of a file, or whatever else a model put there. */
function caption(info: string, name: string): string {
  const words = info.trim().replace(/\s+(?:title|file|filename|name)\s*=\s*["']?([^"'{}]+)["']?$/, " · $1");
  return words.toLowerCase() === name ? name || t("text.plain") : words;
}

function useHighlight(wanted: boolean): Highlight | null {
  const [highlight, setHighlight] = useState<Highlight | null>(null);
  useEffect(() => {
    let mounted = true;
    // Offline in mid-session the download may fail: the code stays readable without color.
    if (wanted) loadHighlight().then((loaded) => mounted && setHighlight(() => loaded), () => undefined);
    return () => {
      mounted = false;
    };
  }, [wanted]);
  return highlight;
}
