/** Running text as vnodes: emphasis, links, code, formulae, references to notes, and the tags that count. */

import { h, type ComponentChild, type ComponentChildren } from "preact";
import type { MarkedToken, Token, Tokens } from "marked";
import { withCitations } from "./Cite";
import { decodeEntities } from "./entities";
import { NoteRef } from "./NotesView";
import type { NoteRefToken } from "./footnotes";
import { parseTag } from "./html";
import type { MathToken, PlainToken } from "./lexer";
import { safeHref } from "./links";
import { MathView } from "./MathView";
import { t } from "../i18n";

export type AnyToken = MarkedToken | MathToken | PlainToken | NoteRefToken;

const DEEPEST = 24; // elements in one another; a tag beyond stays text

/** An element that is open: its tag as written, and what has come of its content. */
interface Frame {
  readonly name: string;
  readonly raw: string;
  readonly children: ComponentChild[];
}

/** Opening and closing tags are tokens among the others here: those that match become elements, the rest stays text. */
export function inline(tokens: readonly Token[]): ComponentChildren {
  const root: Frame = { name: "", raw: "", children: [] };
  const open = [root];
  for (const token of tokens) {
    const tag = token.type === "html" ? parseTag(token.raw) : null;
    const innermost = open.at(-1) ?? root;
    if (tag?.kind === "open" && open.length <= DEEPEST && (tag.name !== "summary" || innermost.name === "details")) {
      open.push({ name: tag.name, raw: token.raw, children: [] });
    } else if (tag?.kind === "close" && open.some(({ name }) => name === tag.name)) close(open, tag.name);
    else innermost.children.push(span(token as AnyToken));
  }
  while (open.length > 1) spill(open);
  return root.children;
}

function close(open: Frame[], name: string): void {
  while (open.at(-1)?.name !== name) spill(open);
  const frame = open.pop();
  if (frame) open.at(-1)?.children.push(h(frame.name, null, frame.children));
}

/** A tag that nothing closes is text. */
function spill(open: Frame[]): void {
  const frame = open.pop();
  if (frame) open.at(-1)?.children.push(frame.raw, ...frame.children);
}

function span(token: AnyToken): ComponentChild {
  switch (token.type) {
    case "text":
      return token.tokens ? inline(token.tokens) : withCitations(decodeEntities(token.text));
    case "escape":
      return token.text;
    case "strong":
      return <strong>{inline(token.tokens)}</strong>;
    case "em":
      return <em>{inline(token.tokens)}</em>;
    case "del":
      return <del>{inline(token.tokens)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
      return link(token as Tokens.Link);
    case "image":
      return image(token as Tokens.Image);
    case "math":
      return <MathView tex={token["tex"] as string} display={token["display"] as boolean} source={token.raw} />;
    case "noteRef":
      return <NoteRef token={token as NoteRefToken} />;
    case "html":
      return parseTag(token.raw)?.kind === "break" ? <br /> : token.raw;
    case "checkbox":
      return <input type="checkbox" checked={token.checked} disabled aria-label={t(token.checked ? "text.done" : "text.toDo")} />;
    default:
      return token.raw; // whatever else the lexer knows is shown as it was written
  }
}

function link(token: Tokens.Link): ComponentChild {
  const href = safeHref(token.href);
  if (href === null) return token.tokens.length > 0 ? inline(token.tokens) : token.raw;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" {...(token.title ? { title: token.title } : {})}>
      {inline(token.tokens)}
    </a>
  );
}

/** An image is a request to another server: the reader decides whether to make it. */
function image(token: Tokens.Image): ComponentChild {
  const href = safeHref(token.href);
  const label = decodeEntities(token.text) || t("text.imageLabel");
  if (href === null || href.startsWith("mailto:")) return t("text.imageBlocked", { label });
  return (
    <a class="image" href={href} target="_blank" rel="noopener noreferrer">
      {t("text.image", { label })}
    </a>
  );
}
