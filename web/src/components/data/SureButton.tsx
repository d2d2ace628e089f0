import { useState } from "preact/hooks";
import { t } from "../../i18n";
import "../../i18n/en/data";

interface Props {
  readonly label: string;
  readonly name?: string; // what it is about, for those who do not see its place
  run(): void;
}

/** A button for what cannot be undone: the first press asks, the second does it. */
export function SureButton({ label, name, run }: Props) {
  const [asked, setAsked] = useState(false);
  return (
    <button
      type="button"
      class={asked ? "button danger" : "button"}
      {...(name === undefined || asked ? {} : { "aria-label": name })}
      onBlur={() => setAsked(false)}
      onClick={() => {
        if (asked) run();
        setAsked(!asked);
      }}
    >
      {asked ? t("data.sure") : label}
    </button>
  );
}
