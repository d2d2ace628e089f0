import { useEffect, useState } from "preact/hooks";
import { reasonOf } from "../../api/assistant/imports";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { useApp } from "../context";

interface Loaded<Value> {
  readonly value: Value | null; // null: not here yet
  readonly set: (value: Value) => void;
  /** Does something on the server, then loads again. Where it fails, a notice says why. */
  readonly act: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** What a dialog shows of the server, loaded when it opens and after each change. */
export function useLoaded<Value>(load: () => Promise<Value>): Loaded<Value> {
  const { notices } = useApp();
  const [value, set] = useState<Value | null>(null);
  const act = async (work: () => Promise<unknown>) => {
    try {
      await work();
      set(await load());
      return true;
    } catch (error) {
      notices.show({ text: t("data.failed", { reason: reasonOf(error) }) });
      return false;
    }
  };
  useEffect(() => void act(async () => undefined), []);
  return { value, set, act };
}
