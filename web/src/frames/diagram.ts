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
  let turn = 0;

  const answer = (message: Record<string, unknown>): void => parent.postMessage(message, "*"); // the page cannot be named: this frame has no origin

  const draw = async ({ source, dark }: Order): Promise<void> => {
    const own = (turn += 1);
    document.documentElement.style.colorScheme = dark ? "dark" : "light"; // a frame of another scheme than the page's is not transparent
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      suppressErrorRendering: true,
      theme: dark ? "dark" : "default",
      fontFamily: "system-ui, sans-serif",
      maxTextSize: 50_000,
      maxEdges: 500,
    });
    try {
      const { svg } = await mermaid.render(`diagram-${own}`, source);
      if (own !== turn || !place) return;
      // Cleaned by Mermaid; whatever were left could reach nothing from here.
      place.replaceChildren(...new DOMParser().parseFromString(svg, "text/html").body.childNodes);
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
