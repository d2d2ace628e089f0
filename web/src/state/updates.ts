/** Keeps the page for when there is no server, and says when there is a newer one. */

import { t } from "../i18n";
import type { Notices } from "./notices";

const HOUR_MS = 3_600_000;

/** The policy of trusted types that the server allows (server/page.py): it makes the worker's address, and nothing else. */
interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/**
 * Registers the service worker and offers to reload once another version has taken over. Does nothing where the browser
 * has no service workers, as on an address that is neither secure nor this machine's.
 */
export async function watchForUpdates(window: Window & typeof globalThis, notices: Notices): Promise<void> {
  const { serviceWorker } = window.navigator;
  if (!serviceWorker) return;
  let controlled = serviceWorker.controller !== null;
  serviceWorker.addEventListener("controllerchange", () => {
    if (controlled) {
      notices.show({ text: t("chat.updated"), lasting: true, action: { label: t("chat.reload"), run: () => window.location.reload() } });
    }
    controlled = true; // the first worker of a page is no update
  });
  try {
    const registration = await serviceWorker.register(workerAddress(window), { scope: "./", updateViaCache: "none" });
    const look = () => void registration.update().catch(() => undefined); // without a server there is nothing new
    setInterval(look, HOUR_MS);
    window.document.addEventListener("visibilitychange", () => window.document.visibilityState === "visible" && look());
  } catch {
    // switched off, or in a private window: the page works, with its server
  }
}

function workerAddress(window: Window): string {
  const { trustedTypes } = window as Window & { readonly trustedTypes?: Policies };
  const address = new URL("worker.js", window.document.baseURI).href;
  return trustedTypes ? trustedTypes.createPolicy("fathom-worker", { createScriptURL: () => address }).createScriptURL(address) : address;
}
