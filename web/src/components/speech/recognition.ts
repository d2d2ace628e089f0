/**
 * The browser's speech recognition, where it works on this machine (Web Speech API, `processLocally`). What it would send to a
 * server is not offered at all.
 */

export interface Recognition extends EventTarget {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  processLocally: boolean;
  start(): void;
  stop(): void;
  onresult: ((event: { readonly results: ArrayLike<ArrayLike<{ readonly transcript: string }>> }) => void) | null;
  onend: (() => void) | null;
}

interface RecognitionClass {
  new (): Recognition;
  available?(options: { readonly langs: readonly string[]; readonly processLocally: boolean }): Promise<string>;
}

/** A recognition for a language; null where the browser has none that works on this machine. */
export async function localRecognition(language: string): Promise<(() => Recognition) | null> {
  const { SpeechRecognition: Class } = globalThis as typeof globalThis & { readonly SpeechRecognition?: RecognitionClass };
  if (!Class?.available || !("processLocally" in Class.prototype)) return null;
  const state = await Class.available({ langs: [language], processLocally: true }).catch(() => "unavailable");
  if (state !== "available") return null;
  return () => Object.assign(new Class(), { lang: language, continuous: true, interimResults: false, processLocally: true });
}
