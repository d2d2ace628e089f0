import { useEffect, useState } from "preact/hooks";
import { getTree } from "../../api/assistant/messages";
import type { TreeNode } from "../../api/assistant/types";
import { t } from "../../i18n";
import { failureOf } from "../../state/outbox";
import { useApp } from "../context";
import { Dialog } from "../Dialog";
import { Icon } from "../Icon";
import type { DialogProps } from "./index";

/** A message with how far its branch is from the first one: messages without a choice stand below each other. */
interface Line {
  readonly node: TreeNode;
  readonly depth: number;
  readonly siblings: readonly string[];
}

/** All branches of the open chat. A press on a message shows the branch that it is on; versions can be compared. */
export function TreeDialog({ close }: DialogProps) {
  const app = useApp();
  const thread = app.thread.value;
  const [tree, setTree] = useState<readonly TreeNode[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (thread) getTree(app.client, thread.id).then(setTree, (error: unknown) => setProblem(failureOf(error).message));
  }, [thread]);
  const shown = new Set(thread?.messages.value.map((message) => message.peek().id));
  const choose = (id: string) => {
    close();
    void app.actions.choose(id);
  };
  return (
    <Dialog title={t("chat.tree")} wide close={close}>
      {problem && <p role="alert">{problem}</p>}
      <ul class="tree">
        {tree &&
          linesOf(tree).map(({ node, depth, siblings }) => (
            <li key={node.id} class={`tree-line ${node.role}`} style={{ paddingInlineStart: `${Math.min(depth, 12) * 1.1}rem` }}>
              <button type="button" class="tree-node" aria-current={shown.has(node.id) ? "true" : undefined} onClick={() => choose(node.id)}>
                <strong>{node.role === "user" ? t("chat.you") : "Fathom"}</strong> <span>{node.preview}</span>
              </button>
              {node.role === "assistant" && siblings.length > 1 && (
                <button type="button" class="icon-button small" aria-label={t("chat.compare")} title={t("chat.compare")} onClick={() => app.openDialog("compare", { ids: siblings, at: node.id })}>
                  <Icon name="compare" size={16} />
                </button>
              )}
            </li>
          ))}
      </ul>
    </Dialog>
  );
}

/** The tree from the top, a branch after the other; without recursion, because a chat may be thousands of messages deep. */
export function linesOf(tree: readonly TreeNode[]): Line[] {
  const children = new Map<string | null, TreeNode[]>();
  for (const node of tree) children.set(node.parent, [...(children.get(node.parent) ?? []), node]);
  const lines: Line[] = [];
  const open: { readonly node: TreeNode; readonly depth: number; readonly siblings: readonly string[] }[] = [];
  const add = (parent: string | null, depth: number) => {
    const nodes = children.get(parent) ?? [];
    const siblings = nodes.map(({ id }) => id);
    for (const node of nodes.toReversed()) open.push({ node, depth: nodes.length > 1 ? depth + 1 : depth, siblings });
  };
  add(null, 0);
  for (let line = open.pop(); line; line = open.pop()) {
    lines.push(line);
    add(line.node.id, line.depth);
  }
  return lines;
}
