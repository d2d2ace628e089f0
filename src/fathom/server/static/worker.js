const VERSION = "f0e2a8fa6430";
const FILES = ["app.webmanifest","assets/GrowingText-RP1NZfLR.js","assets/Icon-DpeoUgb2.js","assets/SearchToggle-Fw0iBxdV.js","assets/ShortcutKeys-BQxl8hAU.js","assets/StatusRegion-02SLdbUK.js","assets/ThemeSwitch-BRO0qAf3.js","assets/catalog-CJpS2GA9.js","assets/client-BUf9GA5e.js","assets/context-BFq3MrXh.js","assets/conversations-DbvE5Ts-.js","assets/dialogs-Cl_NtggS.js","assets/download-BsDXi6Cm.js","assets/files-VDV7408L.js","assets/i18n-Cu3ePDOa.js","assets/index-BjWhTUa6.css","assets/index-CKbwrnMU.js","assets/jsxRuntime-BblhBWnu.js","assets/lazy-Dt-9n03x.js","assets/lexer-D9nmMspc.js","assets/models-ah9S0iiU.js","assets/outbox-No1KV7N7.js","assets/parts-Bl7Lbzzd.js","assets/places-DVzaC1UD.js","assets/settings-xh8fMU-N.js","assets/tex-BxWniUdp.js","icons/192.png","mark.svg","theme.js"];
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
