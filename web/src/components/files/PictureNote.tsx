import { useEffect } from "preact/hooks";
import type { FilePart } from "../../api/assistant/types";
import { t } from "../../i18n";
import "../../i18n/en/models";
import { isUsable } from "../../state/models";
import { useApp } from "../context";
import { useSpoken } from "../StatusRegion";

interface Props {
  readonly chat: string | null;
  readonly files: readonly FilePart[];
}

/** Beside pictures that are about to be sent: whether the model that will answer sees them, and which one would. */
export function PictureNote({ chat, files }: Props) {
  const app = useApp();
  const pictures = files.some((file) => {
    const known = app.uploads.details(file.file).value;
    return (known === null || known === "gone" ? file : known).media_type.startsWith("image/");
  });
  useEffect(() => {
    if (pictures) void app.models.refresh();
  }, [pictures]);
  const model = pictures ? app.models.find(app.chosenModel(chat)) : null;
  const other = app.models.rows.value?.find((row) => row.vision && isUsable(row)) ?? null;
  const text = model ? sentence(model.name, model.vision, other?.name) : "";
  useSpoken(text);
  if (!model) return null;
  return (
    <p class={`picture-note${model.vision ? "" : " blind"}`}>
      {text}{" "}
      {!model.vision && (
        <button type="button" class="text-button" onClick={() => (other ? app.chooseOptions(chat, { model: other.id }) : app.openDialog("models"))}>
          {other ? t("models.askOther", { model: other.name }) : t("models.title")}
        </button>
      )}
    </p>
  );
}

function sentence(model: string, sees: boolean, other: string | undefined): string {
  if (sees) return t("models.seesPictures", { model });
  return other === undefined ? t("models.noneSees", { model }) : t("models.otherSees", { model, other });
}
