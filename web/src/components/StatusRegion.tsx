import { useEffect } from "preact/hooks";
import { useApp } from "./context";

/** The page's one polite status region. */
export function StatusRegion() {
  return (
    <div class="sr-only" role="status" aria-live="polite">
      {useApp().spoken.value}
    </div>
  );
}

/** Lets a screen reader say a text when it becomes another one; nothing where it is empty. */
export function useSpoken(text: string): void {
  const { spoken } = useApp();
  useEffect(() => {
    if (text) spoken.value = text;
  }, [text]);
}
