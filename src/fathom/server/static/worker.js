const VERSION = "60e64148da63";
const FILES = ["app.webmanifest","assets/GrowingText-B-gAg3ZF.js","assets/Icon-BddI0yd1.js","assets/SearchToggle-DsOpJMdB.js","assets/ShortcutKeys-BWaNwi_4.js","assets/StatusRegion-C-k6acIA.js","assets/ThemeSwitch-BnXTBke3.js","assets/catalog-CJpS2GA9.js","assets/client-CsRP7iiQ.js","assets/context-kie5wD-E.js","assets/conversations-D2nPr6qj.js","assets/dialogs-BP2dK9Gv.js","assets/download-BsDXi6Cm.js","assets/files-D6Ece4TO.js","assets/i18n-DLs8Ojan.js","assets/index-C8vUZsiX.css","assets/index-CGf6zZsR.js","assets/jsxRuntime-DPL19S3-.js","assets/lazy-CFugWLdU.js","assets/lexer-D9nmMspc.js","assets/models-dLV0578F.js","assets/outbox-B2hz6jq9.js","assets/parts-rA0tQ4IJ.js","assets/places-CaMx8e45.js","assets/settings-xh8fMU-N.js","assets/tex-BxWniUdp.js","icons/192.png","mark.svg","theme.js"];
(() => {
	const worker = self;
	const { scope } = worker.registration;
	const PREFIX = `fathom-page ${scope} `;
	const OWN = PREFIX + VERSION;
	const PATIENCE_MS = 4e3;
	worker.addEventListener("install", (event) => event.waitUntil(keep()));
	worker.addEventListener("activate", (event) => event.waitUntil(forget().then(() => worker.clients.claim())));
	worker.addEventListener("fetch", (event) => {
		const { method, mode, url } = event.request;
		if (method !== "GET" || !url.startsWith(scope)) return;
		const path = url.slice(scope.length).replace(/[?#].*$/, "");
		if (mode === "navigate" && path === "") event.respondWith(document(event.request));
		else if (path.startsWith("assets/") || FILES.includes(path)) event.respondWith(file(event.request, path.startsWith("assets/")));
	});
	worker.addEventListener("notificationclick", (event) => {
		event.notification.close();
		event.waitUntil(worker.clients.matchAll({ type: "window" }).then(([page]) => page?.focus()));
	});
	async function keep() {
		const cache = await caches.open(OWN);
		await cache.addAll(["", ...FILES].map((path) => new Request(scope + path, { cache: path.startsWith("assets/") ? "default" : "no-cache" })));
		await worker.skipWaiting();
	}
	/** Drops all but this build's files and the latest of the others. */
	async function forget() {
		const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== OWN);
		await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
	}
	async function document(request) {
		const kept = () => caches.open(OWN).then((cache) => cache.match(scope));
		try {
			const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
			return answer.status >= 502 ? await kept() ?? answer : answer;
		} catch {
			return await kept() ?? Response.error();
		}
	}
	async function file(request, immutable) {
		const kept = await caches.match(request);
		if (kept && immutable) return kept;
		try {
			const answer = await fetch(request);
			if (answer.ok && immutable) await (await caches.open(OWN)).put(request, answer.clone());
			return answer;
		} catch {
			return kept ?? Response.error();
		}
	}
})();
