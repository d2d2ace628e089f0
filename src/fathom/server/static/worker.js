const VERSION = "b23f7be22350";
const FILES = ["app.webmanifest","assets/GrowingText-Dm1qnIIw.js","assets/Icon-CEgEwCYZ.js","assets/SearchToggle-BmTbD3wP.js","assets/ShortcutKeys-BIl_jIkB.js","assets/StatusRegion-nlTpNrQf.js","assets/ThemeSwitch-IjuM0Pd-.js","assets/catalog-CJpS2GA9.js","assets/client-Dh_Ml4fs.js","assets/clipboard-CIgE2QzV.js","assets/context-DcEtQwu8.js","assets/conversations-DgRr0yNM.js","assets/dialogs-CBCa_7gE.js","assets/download-BsDXi6Cm.js","assets/files-Ch_ZU03v.js","assets/i18n-BEPg18Bn.js","assets/index-8enn4cR2.js","assets/index-Xu8_aE0A.css","assets/jsxRuntime-Q6HuYdkX.js","assets/lazy-BE9Y0TV0.js","assets/lexer-D9nmMspc.js","assets/models-CDGHJ3OI.js","assets/outbox-BXhUAdak.js","assets/parts-BG65J1Nu.js","assets/places-Day9ra88.js","assets/settings-CgSlg5Qq.js","assets/tex-BxWniUdp.js","icons/192.png","mark.svg","theme.js"];
(() => {
	const worker = self;
	const { scope } = worker.registration;
	const PREFIX = `fathom-page ${scope} `;
	const OWN = PREFIX + VERSION;
	const ANY = { ignoreVary: true };
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
		event.waitUntil(lead(String(event.notification.data ?? "")));
	});
	/** Shows the chat that a notification is about, in a page that is open where there is one. */
	async function lead(hash) {
		const [page] = await worker.clients.matchAll({ type: "window" });
		if (!page) return void await worker.clients.openWindow(scope + hash);
		await page.focus();
		await page.navigate(scope + hash);
	}
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
		const kept = () => caches.open(OWN).then((cache) => cache.match(scope, ANY));
		try {
			const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
			return answer.status >= 502 ? await kept() ?? answer : answer;
		} catch {
			return await kept() ?? Response.error();
		}
	}
	async function file(request, immutable) {
		const kept = await caches.match(request, ANY);
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
