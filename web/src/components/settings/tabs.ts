/** The tabs of the settings, in order. The code of a tab comes when it is first shown. */

import type { ComponentType } from "preact";
import { lazy } from "../lazy";

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly component: ComponentType;
}

export const tabs: readonly Tab[] = [
  { name: "general", label: "General", component: lazy(() => import("./GeneralTab").then((module) => module.GeneralTab)) },
];
