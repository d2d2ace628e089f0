(() => {
	const { mermaid } = globalThis;
	const place = document.getElementById("diagram");
	let turn = 0;
	const answer = (message) => parent.postMessage(message, "*");
	const draw = async ({ source, dark }) => {
		const own = turn += 1;
		document.documentElement.style.colorScheme = dark ? "dark" : "light";
		mermaid.initialize({
			startOnLoad: false,
			securityLevel: "strict",
			suppressErrorRendering: true,
			theme: dark ? "dark" : "default",
			fontFamily: "system-ui, sans-serif",
			maxTextSize: 5e4,
			maxEdges: 500
		});
		try {
			const { svg } = await mermaid.render(`diagram-${own}`, source);
			if (own !== turn || !place) return;
			// Cleaned by Mermaid; whatever were left could reach nothing from here.
			place.replaceChildren(...new DOMParser().parseFromString(svg, "text/html").body.childNodes);
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
