(() => {
	const { mermaid } = globalThis;
	const place = document.getElementById("diagram");
	const paper = document.getElementById("paper");
	let turn = 0;
	const answer = (message) => parent.postMessage(message, "*");
	const render = async (id, source, theme) => {
		mermaid.initialize({
			startOnLoad: false,
			securityLevel: "strict",
			suppressErrorRendering: true,
			theme,
			fontFamily: "system-ui, sans-serif",
			maxTextSize: 5e4,
			maxEdges: 500
		});
		const { svg } = await mermaid.render(id, source);
		return [...new DOMParser().parseFromString(svg, "text/html").body.childNodes];
	};
	const draw = async ({ source, dark }) => {
		const own = turn += 1;
		document.documentElement.style.colorScheme = dark ? "dark" : "light";
		try {
			const shown = await render(`diagram-${own}`, source, dark ? "dark" : "default");
			const printed = dark ? await render(`diagram-${own}-paper`, source, "default") : [];
			if (own !== turn || !place || !paper) return;
			place.replaceChildren(...shown);
			paper.replaceChildren(...printed);
			document.documentElement.classList.toggle("two", dark);
			const { width, height } = place.getBoundingClientRect();
			answer({
				width: Math.ceil(width),
				height: Math.ceil(height)
			});
		} catch (error) {
			if (own === turn) answer({ error: error instanceof Error ? error.message : String(error) });
		}
	};
	addEventListener("message", ({ source, data }) => {
		if (source === parent && typeof data?.source === "string") void draw({
			source: data.source,
			dark: data.dark === true
		});
	});
	answer({ ready: true });
})();
