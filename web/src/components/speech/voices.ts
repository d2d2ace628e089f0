/** The browser's voices that speak on this machine: what others say is sent to a server, and is not for us to send. */

import { signal } from "@preact/signals";

export const localVoices = signal<readonly SpeechSynthesisVoice[]>([]);

const speech: SpeechSynthesis | undefined = globalThis.speechSynthesis;

function look(): void {
  localVoices.value = speech?.getVoices().filter(({ localService }) => localService) ?? [];
}

look();
speech?.addEventListener?.("voiceschanged", look); // some browsers know their voices only a moment later

/** A voice for a language, the browser's own default first; undefined where none speaks it here. */
export function voiceFor(language: string, voices: readonly SpeechSynthesisVoice[]): SpeechSynthesisVoice | undefined {
  const own = voices.filter(({ lang }) => lang.toLowerCase().split(/[-_]/)[0] === language.toLowerCase().split("-")[0]);
  return own.find((voice) => voice.default) ?? own.find(({ lang }) => navigator.languages.includes(lang)) ?? own[0];
}
