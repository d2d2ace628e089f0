/**
 * The service worker: keeps the page itself, so that it opens without a server. Built into `worker.js` at the root, with
 * VERSION and FILES of the build in it, so that each build is another worker.
 *
 * - The document comes from the server, and from here only where that cannot be reached: no page is older than its server.
 * - Files under assets/ have a hash in their name: what is here is right. Those of this build and the one before are kept,
 *   so that a tab of before an upgrade still finds its own.
 * - Nothing of the API passes through here. What the reader opened lately is kept by the page (state/offline.ts), which knows
 *   the key that it belongs to.
 */

declare const VERSION: string;
declare const FILES: readonly string[]; // of the first load, relative to the scope

interface WorkerEvent extends Event {
  readonly request: Request;
  readonly notification: Notification;
  waitUntil(work: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}

interface Page {
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
}

interface Worker {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void>; matchAll(options: { type: "window" }): Promise<readonly Page[]>; openWindow(url: string): Promise<unknown> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate" | "fetch" | "notificationclick", listener: (event: WorkerEvent) => void): void;
}

(() => {
  const worker = self as unknown as Worker;
  const { scope } = worker.registration;
  const PREFIX = `fathom-page ${scope} `; // several pages of one origin, below different paths, have caches of their own
  const OWN = PREFIX + VERSION;
  const ANY = { ignoreVary: true }; // servers say "Vary: Origin", and a script in the page is asked for otherwise than here
  const PATIENCE_MS = 4000; // for the document, where a connection neither works nor fails

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
  async function lead(hash: string): Promise<void> {
    const [page] = await worker.clients.matchAll({ type: "window" });
    if (!page) return void (await worker.clients.openWindow(scope + hash));
    await page.focus();
    await page.navigate(scope + hash);
  }

  async function keep(): Promise<void> {
    const cache = await caches.open(OWN);
    await cache.addAll(["", ...FILES].map((path) => new Request(scope + path, { cache: path.startsWith("assets/") ? "default" : "no-cache" })));
    await worker.skipWaiting(); // it serves nothing old, so nothing need wait
  }

  /** Drops all but this build's files and the latest of the others. */
  async function forget(): Promise<void> {
    const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== OWN);
    await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  }

  async function document(request: Request): Promise<Response> {
    const kept = () => caches.open(OWN).then((cache) => cache.match(scope, ANY));
    try {
      const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
      return answer.status >= 502 ? ((await kept()) ?? answer) : answer; // a proxy whose server is gone
    } catch {
      return (await kept()) ?? Response.error();
    }
  }

  async function file(request: Request, immutable: boolean): Promise<Response> {
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
