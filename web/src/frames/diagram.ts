/**
 * Runs in the sandboxed frame `frames/diagram.html`: draws the diagram that the page hands over, and says how large it is
 * or why it cannot be drawn. It is a script of its own, without imports: the frame has no origin, so it may load no modules.
 */

interface Order {
  readonly source: string;
  readonly dark: boolean;
}

interface Mermaid {
  initialize(options: Record<string, unknown>): void;
  render(id: string, source: string): Promise<{ readonly svg: string }>;
}

(() => {
  const { mermaid } = globalThis as unknown as { readonly mermaid: Mermaid };
  const place = document.getElementById("diagram");
  const paper = document.getElementById("paper");
  let turn = 0;

  const answer = (message: Record<string, unknown>): void => parent.postMessage(message, "*"); // the page cannot be named: this frame has no origin

  const render = async (id: string, source: string, theme: string): Promise<ChildNode[]> => {
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      suppressErrorRendering: true,
      theme,
      fontFamily: "system-ui, sans-serif",
      maxTextSize: 50_000,
      maxEdges: 500,
    });
    const { svg } = await mermaid.render(id, source);
    return [...new DOMParser().parseFromString(svg, "text/html").body.childNodes]; // cleaned by Mermaid; whatever were left could reach nothing from here
  };

  const draw = async ({ source, dark }: Order): Promise<void> => {
    const own = (turn += 1);
    document.documentElement.style.colorScheme = dark ? "dark" : "light"; // a frame of another scheme than the page's is not transparent
    try {
      const shown = await render(`diagram-${own}`, source, dark ? "dark" : "default");
      const printed = dark ? await render(`diagram-${own}-paper`, source, "default") : []; // paper is white, and does not wait
      if (own !== turn || !place || !paper) return;
      place.replaceChildren(...shown);
      paper.replaceChildren(...printed);
      document.documentElement.classList.toggle("two", dark);
      const { width, height } = place.getBoundingClientRect();
      answer({ width: Math.ceil(width), height: Math.ceil(height) });
    } catch (error) {
      if (own === turn) answer({ error: error instanceof Error ? error.message : String(error) });
    }
  };

  addEventListener("message", ({ source, data }: MessageEvent<Partial<Order> | null>) => {
    if (source === parent && typeof data?.source === "string") void draw({ source: data.source, dark: data.dark === true });
  });
  answer({ ready: true });
})();
