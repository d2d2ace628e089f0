import { useEffect } from "preact/hooks";
import { language, t } from "../../i18n";
import { languageOf, sentencesOf } from "../../markdown/spoken";
import { Icon } from "../Icon";
import { read, reading, stopReading } from "./reader";
import { localVoices, voiceFor } from "./voices";

interface Props {
  readonly id: string; // of the message
  readonly text: string;
}

/** Reads an answer aloud, with a voice of this machine; absent where none speaks its language. */
export function SpeakButton({ id, text }: Props) {
  const tongue = languageOf(text.slice(0, 4000), language.value.tag);
  const voice = voiceFor(tongue, localVoices.value);
  const active = reading.value === id;
  useEffect(() => () => void (reading.peek() === id && stopReading()), [id]);
  if (!voice) return null;
  const label = t(active ? "chat.stopReading" : "chat.readAloud");
  return (
    <button
      type="button"
      class="icon-button small"
      aria-label={label}
      title={label}
      aria-pressed={active}
      onClick={() => (active ? stopReading() : read(id, sentencesOf(text, tongue), voice))}
    >
      <Icon name={active ? "mute" : "speak"} size={16} />
    </button>
  );
}
