import { useState } from "preact/hooks";
import { t } from "../i18n";
import { countLegacy } from "../state/legacy";
import { useApp } from "./context";

/** Offers to give the server the chats that an earlier page kept in this browser. */
export function LegacyOffer() {
  const { actions, storage } = useApp();
  const [count, setCount] = useState(() => countLegacy(storage));
  const [moving, setMoving] = useState(false);
  if (count === 0) return null;
  const move = async () => {
    setMoving(true);
    await actions.importLegacy(storage);
    setMoving(false);
    setCount(countLegacy(storage));
  };
  return (
    <div class="banner">
      <p>{t("chat.legacy", { count })}</p>
      <button type="button" class="button" disabled={moving} onClick={() => void move()}>
        {t("chat.legacyMove")}
      </button>
    </div>
  );
}
