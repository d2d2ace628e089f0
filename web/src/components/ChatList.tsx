import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Project } from "../api/assistant/projects";
import type { Conversation } from "../api/assistant/types";
import { t, type PlainKey } from "../i18n";
import { ConversationRow } from "./ConversationRow";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { lazy } from "./lazy";
import { SelectableRow } from "./SelectableRow";

const SelectionBar = lazy(() => import("./SelectionBar").then((module) => module.SelectionBar));

interface Folder {
  readonly folder: Project;
  readonly open: boolean;
}

type Entry = { readonly label: string } | Folder | Conversation;

const ROW = 36; // pixels, as the style sheet has it
const HEADING = 34;
const AROUND = 600; // pixels above and below what is visible that are drawn too
const AHEAD = 1500; // pixels from the end at which more chats are fetched

/** The chats, pinned ones first, then by age: only what is near the visible part is drawn. */
export function ChatList() {
  const app = useApp();
  const { chats } = app;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const [pinned, others, rows] = [chats.pinned.value, chats.others.value, chats.rows.value];
  const [projects, unfolded] = [app.projects.rows.value, app.projects.open.value];
  const entries = useMemo(() => {
    const first: Entry[] = pinned.length > 0 ? [{ label: t("sidebar.pinned") }, ...pinned] : [];
    const folders = projects.flatMap((project): Entry[] => {
      const open = unfolded.has(project.id);
      return [{ folder: project, open }, ...(open ? chats.inProject(project.id).filter((row) => !row.pinned) : [])];
    });
    return [...first, ...folders, ...grouped(others, app.clock.now())];
  }, [pinned, others, rows, projects, unfolded]);
  const look = () => {
    const element = box.current;
    if (!element) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    if (element.scrollHeight - element.scrollTop - element.clientHeight < AHEAD) void chats.loadMore().catch(() => undefined);
  };
  useLayoutEffect(look, [entries.length]);
  const { shown, above, below } = windowOf(entries, view.top - AROUND, view.top + view.height + AROUND);
  const selecting = app.selection.active.value;
  const listed = useMemo(() => (selecting ? entries.flatMap((entry) => ("id" in entry ? [entry.id] : [])) : []), [selecting, entries]);
  return (
    <>
      {selecting && <SelectionBar listed={listed} />}
      <div class="conversations" ref={box} onScroll={look}>
        {above > 0 && <div style={{ height: `${above}px` }} />}
        <ul>
          {shown.map((entry) =>
            "folder" in entry ? (
              <ProjectRow key={entry.folder.id} project={entry.folder} open={entry.open} />
            ) : "label" in entry ? (
              <li key={entry.label} class="row-heading">
                <h2>{entry.label}</h2>
              </li>
            ) : selecting ? (
              <SelectableRow key={entry.id} conversation={entry} listed={listed} />
            ) : (
              <ConversationRow key={entry.id} conversation={entry} />
            ),
          )}
        </ul>
        {below > 0 && <div style={{ height: `${below}px` }} />}
        {entries.length === 0 && chats.ready.value && <p class="hint">{t("sidebar.none")}</p>}
      </div>
    </>
  );
}

function ProjectRow({ project, open }: { readonly project: Project; readonly open: boolean }) {
  const app = useApp();
  const { chats, projects } = app;
  const settings = t("sidebar.projectSettings", { name: project.name });
  const add = t("sidebar.projectNew", { name: project.name });
  const changed = () => Promise.all([projects.refresh(), chats.refresh()]);
  const toggle = () => {
    projects.toggle(project.id);
    if (!open) void chats.loadProject(project.id).catch(() => undefined); // those that are loaded are shown
  };
  return (
    <li class="row project">
      <button type="button" aria-expanded={open} onClick={toggle}>
        <Icon name="folder" size={16} />
        <span>{project.name}</span>
        <span class="turn">
          <Icon name="chevron" size={12} />
        </span>
      </button>
      <button type="button" class="icon-button small" aria-label={add} title={add} onClick={() => app.newChat({ project: project.id })}>
        <Icon name="plus" size={14} />
      </button>
      <button type="button" class="icon-button small" aria-label={settings} title={settings} onClick={() => app.openDialog("project", { project: project.id, changed })}>
        <Icon name="gear" size={14} />
      </button>
    </li>
  );
}

/** The entries between two heights, and the heights of what is above and below them. */
function windowOf(entries: readonly Entry[], from: number, to: number): { shown: Entry[]; above: number; below: number } {
  const shown: Entry[] = [];
  let [at, above, below] = [0, 0, 0];
  for (const entry of entries) {
    const height = "label" in entry ? HEADING : ROW;
    if (at + height < from) above += height;
    else if (at > to) below += height;
    else shown.push(entry);
    at += height;
  }
  return { shown, above, below };
}

/** Conversations under "Today", "Yesterday" and so on, by the calendar of the reader. They are sorted already. */
export function grouped(conversations: readonly Conversation[], now: number): Entry[] {
  const today = new Date(now).setHours(0, 0, 0, 0);
  const daysAgo = (days: number): number => {
    const date = new Date(today);
    return date.setDate(date.getDate() - days); // a day is not always 24 hours
  };
  const bounds: readonly [PlainKey, number][] = [
    ["sidebar.today", today],
    ["sidebar.yesterday", daysAgo(1)],
    ["sidebar.week", daysAgo(7)],
    ["sidebar.month", daysAgo(30)],
    ["sidebar.older", -Infinity],
  ];
  const entries: Entry[] = [];
  let current: PlainKey | null = null;
  for (const conversation of conversations) {
    const [label] = bounds.find(([, since]) => conversation.updated >= since) ?? ["sidebar.older"];
    if (label !== current) entries.push({ label: t(label) });
    current = label;
    entries.push(conversation);
  }
  return entries;
}
