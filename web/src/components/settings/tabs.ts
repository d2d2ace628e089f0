/** The tabs of the settings, in order. The code of a tab comes when it is first shown. */

import type { ComponentType } from "preact";
import type { PlainKey } from "../../i18n";
import "../../i18n/en/data";
import "../../i18n/en/settings";
import { lazy } from "../lazy";

export interface Tab {
  readonly name: string;
  readonly label: PlainKey;
  readonly component: ComponentType;
}

export const tabs: readonly Tab[] = [
  { name: "general", label: "settings.general", component: lazy(() => import("./GeneralTab").then((module) => module.GeneralTab)) },
  { name: "search", label: "settings.search", component: lazy(() => import("../tools/SearchTab").then((module) => module.SearchTab)) },
  { name: "tools", label: "settings.tools", component: lazy(() => import("../tools/ToolsTab").then((module) => module.ToolsTab)) },
  { name: "memory", label: "data.memoryTab", component: lazy(() => import("../data/MemoryTab").then((module) => module.MemoryTab)) },
  { name: "prompts", label: "data.promptsTab", component: lazy(() => import("../data/PromptsTab").then((module) => module.PromptsTab)) },
  { name: "data", label: "data.tab", component: lazy(() => import("../data/DataTab").then((module) => module.DataTab)) },
];
