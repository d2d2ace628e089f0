import { useEffect, useRef } from "preact/hooks";

interface Props {
  readonly tex: string;
  readonly display: boolean;
}

/** A formula. Until KaTeX is there, and where the formula is not valid, its source is shown. */
export function MathView({ tex, display }: Props) {
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = ref.current;
    let mounted = true;
    void draw(tex, display, element, () => mounted);
    return () => {
      mounted = false;
    };
  }, [tex, display]);
  // The key gives each formula a fresh element, because KaTeX owns what is inside.
  return <span key={tex} ref={ref} class={display ? "math display" : "math"} />;
}

async function draw(tex: string, display: boolean, element: HTMLElement | null, mounted: () => boolean): Promise<void> {
  if (!element) return;
  element.textContent = tex;
  try {
    const { drawMath } = await import("./katex");
    if (mounted()) drawMath(tex, element, display);
  } catch (error) {
    if (!mounted()) return;
    element.textContent = tex;
    element.classList.add("invalid");
    element.title = error instanceof Error ? error.message : "";
  }
}
