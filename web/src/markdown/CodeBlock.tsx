import { useEffect, useState } from "preact/hooks";
import type { ComponentChild } from "preact";
import { CopyButton } from "../components/CopyButton";
import { loadHighlight, type Highlight } from "./highlight";
import { t } from "../i18n";

interface Props {
  readonly code: string;
  readonly language: string; // as written after the fence
  readonly open: boolean; // still streaming
}

const LIVE = 4_000; // characters that may be colored anew with every piece that comes

export function CodeBlock({ code, language, open }: Props) {
  const name = languageName(language);
  const highlight = useHighlight(name !== "");
  const colored: ComponentChild[] | null = highlight && (!open || code.length <= LIVE) ? highlight(code, name) : null;
  return (
    <figure class="code">
      <figcaption>
        <span>{caption(language, name)}</span>
        <CopyButton text={code} label={t("text.copyCode")} />
      </figcaption>
      <pre tabIndex={0} aria-label={t("text.code", { language: name || t("text.plain") })} role="group">
        <code>{colored ?? code}</code>
      </pre>
    </figure>
  );
}

/** The word that names the language: `python`, `{.python}`, `python title="x.py"`, `C++`. */
function languageName(info: string): string {
  return /^[{.\s]*([\p{L}\w+#][\p{L}\w+#.-]{0,29})/u.exec(info.toLowerCase())?.[1] ?? "";
}

/** What stands after the fence: the language, and with it the name of a file, or whatever else a model put there. */
function caption(info: string, name: string): string {
  const words = info.trim();
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
