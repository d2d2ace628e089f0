const VERSION = "4e60828df2d3";
const FILES = ["app.webmanifest","assets/GrowingText-A6OjIma1.js","assets/Icon-CrKOJ77c.js","assets/ShortcutKeys-B-x-cNVk.js","assets/StatusRegion-KLSHLvv6.js","assets/ThemeSwitch-BZK6ayfo.js","assets/catalog-CJpS2GA9.js","assets/client-DrrZKJK9.js","assets/context-BOIBC67a.js","assets/conversations-CVPrJtqF.js","assets/dialogs-AhGgYDgV.js","assets/download-BsDXi6Cm.js","assets/files-Dtrnj8kW.js","assets/i18n-B2_hc-I6.js","assets/index-D1I2m21p.js","assets/index-Dkmr1qD2.css","assets/jsxRuntime-9gQrdjFm.js","assets/lazy-Dhk4uItE.js","assets/lexer-D9nmMspc.js","assets/models-BPzkm-I0.js","assets/outbox-DcwFbTvT.js","assets/parts-CHfx0A0y.js","assets/settings-xh8fMU-N.js","assets/tex-BxWniUdp.js","icons/192.png","mark.svg","theme.js"];
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
