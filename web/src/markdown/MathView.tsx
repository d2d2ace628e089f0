import { useLayoutEffect, useRef } from "preact/hooks";
import { soon } from "./idle";
import { isChemistry } from "./tex";

interface Props {
  readonly tex: string;
  readonly display: boolean;
  readonly source: string; // with its delimiters
}

/** A formula. Until KaTeX is there, and where the formula is not valid, its source is shown. */
export function MathView({ tex, display, source }: Props) {
  const ref = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    let mounted = true;
    void draw({ tex, display, source }, element, () => mounted);
    return () => {
      mounted = false;
      if (element) observer?.unobserve(element);
    };
  }, [source, display]);
  // The key gives each formula a fresh element, because KaTeX owns what is inside.
  return <span key={source} ref={ref} class={display ? "math display" : "math"} />;
}

async function draw(props: Props, element: HTMLElement | null, mounted: () => boolean): Promise<void> {
  if (!element) return;
  element.textContent = props.source;
  try {
    const { drawMath } = await import("./katex");
    if (isChemistry(props.tex)) await import("./chemistry");
    soon(() => mounted() && place(props, element, drawMath)); // a long text has thousands of formulae
  } catch (error) {
    if (mounted()) refuse(props.source, element, error);
  }
}

function place({ tex, display, source }: Props, element: HTMLElement, drawMath: (tex: string, element: HTMLElement, display: boolean) => void): void {
  try {
    drawMath(tex, element, display);
    if (element.querySelector(".katex-display")) element.classList.add("display");
    fit(element);
  } catch (error) {
    refuse(source, element, error);
  }
}

function refuse(source: string, element: HTMLElement, error: unknown): void {
  element.textContent = source;
  element.classList.add("invalid");
  element.title = error instanceof Error ? error.message : "";
}

const WIDE = 240; // pixels that a narrow phone has for text

let observer: ResizeObserver | null = null; // one for the page: it measures once a frame, after the layout that is due anyway

/** What is wider than a phone scrolls in itself: by keyboard too, where it is on a line of its own. */
function fit(element: HTMLElement): void {
  observer ??= new ResizeObserver((entries) => {
    const fits = entries.map(({ target }) => [target as HTMLElement, isTooWide(target as HTMLElement)] as const);
    for (const [math, wide] of fits) {
      if (!math.classList.contains("display")) math.classList.toggle("wide", wide);
      else if (wide) math.tabIndex = 0;
      else math.removeAttribute("tabindex");
    }
  });
  observer.observe(element);
}

function isTooWide(element: HTMLElement): boolean {
  if (element.classList.contains("display")) return element.scrollWidth > element.clientWidth;
  return [...element.querySelectorAll<HTMLElement>(".katex-base")].some((base) => base.offsetWidth > WIDE);
}
