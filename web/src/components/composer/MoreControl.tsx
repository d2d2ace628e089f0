import { useId, useState } from "preact/hooks";
import { t } from "../../i18n";
import { useApp } from "../context";
import { Icon } from "../Icon";
import { lazy } from "../lazy";
import { isOther } from "../tools/SearchToggle";
import type { ControlProps } from ".";

const MoreMenu = lazy(() => import("./MoreMenu").then((module) => module.MoreMenu));

/** Opens the tools that may be called and the choice of a second answer. Marked while one of them is chosen. */
export function MoreControl({ chat }: ControlProps) {
  const app = useApp();
  const menu = useId();
  const [open, setOpen] = useState(false);
  const chosen = (app.options(chat).tools ?? []).filter(isOther).length + (app.drafts.of(chat).value.second ? 1 : 0);
  const label = chosen > 0 ? t("chat.moreChosen", { count: chosen }) : t("chat.more");
  return (
    <>
      <button type="button" class={`icon-button more-control${chosen > 0 ? " on" : ""}`} popovertarget={menu} aria-label={label} title={label}>
        <Icon name="plus" size={18} />
      </button>
      <div id={menu} class="menu up" popover="auto" onToggle={(event) => setOpen(event.newState === "open")}>
        {open && <MoreMenu chat={chat} close={() => document.getElementById(menu)?.hidePopover()} />}
      </div>
    </>
  );
}
