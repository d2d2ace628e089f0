/**
 * The page's dialogs by name: `app.openDialog("settings", { tab: "general" })` opens one with what it needs. The code of
 * a dialog comes when it is first opened; it draws itself in `Dialog` and calls `close` when it is done.
 */

import type { ComponentType } from "preact";
import { useApp } from "../context";
import { lazy } from "../lazy";

export interface DialogProps {
  readonly [name: string]: unknown; // what was given to openDialog
  close(): void;
}

const dialogs: Readonly<Record<string, ComponentType<DialogProps>>> = {
  chat: lazy(() => import("./ChatDialog").then((module) => module.ChatDialog)),
  compare: lazy(() => import("./CompareDialog").then((module) => module.CompareDialog)),
  shortcuts: lazy(() => import("../shortcuts/ShortcutSheet").then((module) => module.ShortcutSheet)),
  models: lazy(() => import("../models/ModelDialog").then((module) => module.ModelDialog)),
  tree: lazy(() => import("./TreeDialog").then((module) => module.TreeDialog)),
  file: lazy(() => import("../files/FilePanel").then((module) => module.FilePanel)),
  move: lazy(() => import("./MoveDialog").then((module) => module.MoveDialog)),
  settings: lazy(() => import("../settings/SettingsDialog").then((module) => module.SettingsDialog)),
  share: lazy(() => import("../data/ShareDialog").then((module) => module.ShareDialog)),
  prompt: lazy(() => import("../data/PromptDialog").then((module) => module.PromptDialog)),
  project: lazy(() => import("../data/ProjectDialog").then((module) => module.ProjectDialog)),
};

export function hasDialog(name: string): boolean {
  return Object.hasOwn(dialogs, name);
}

/** The dialog that is open, if one is. */
export function OpenDialog() {
  const { dialog } = useApp();
  const open = dialog.value;
  const Component = open && dialogs[open.name];
  return Component ? <Component {...open.props} close={() => (dialog.value = null)} /> : null;
}
