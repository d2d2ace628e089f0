import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n";
import "../../i18n/en/models";
import { useApp } from "../context";
import { Dialog } from "../Dialog";
import type { DialogProps } from "../dialogs";
import { ModelPicker } from "./ModelPicker";
import { Servers } from "./Servers";
import "./models.css";

/** Which model answers in the open chat, and where others come from. With `thinking`, those that think first. */
export function ModelDialog({ thinking, close }: DialogProps) {
  const { models } = useApp();
  const [servers, setServers] = useState(false);
  useEffect(() => models.watch(), []);
  return (
    <Dialog title={servers ? t("models.servers") : t("models.title")} wide close={close}>
      {servers ? <Servers back={() => setServers(false)} /> : <ModelPicker onlyThinking={thinking === true} openServers={() => setServers(true)} close={close} />}
    </Dialog>
  );
}
