/** Reads one text aloud at a time, sentence by sentence: browsers stop in the middle of a long utterance. */

import { signal } from "@preact/signals";

/** What is being read: the id that was given to `read`. */
export const reading = signal<string | null>(null);

export function read(id: string, sentences: readonly string[], voice: SpeechSynthesisVoice): void {
  stopReading();
  reading.value = id;
  const next = (at: number): void => {
    const text = sentences[at];
    if (reading.value !== id) return;
    if (text === undefined) return stopReading();
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = voice;
    utterance.lang = voice.lang;
    utterance.onend = () => next(at + 1);
    utterance.onerror = () => reading.value === id && stopReading();
    speechSynthesis.speak(utterance);
  };
  next(0);
}

export function stopReading(): void {
  reading.value = null;
  speechSynthesis.cancel();
}
