/** Markdown on the screen: tokens become vnodes, never HTML text, so nothing that a model writes can become markup. */

import { Component, type ComponentChild, type ComponentChildren, type JSX } from "preact";
import type { Token, Tokens } from "marked";
import { CodeBlock } from "./CodeBlock";
import type { DetailsToken } from "./details";
import { decodeEntities } from "./entities";
import { WithFootnotes } from "./NotesView";
import type { NoteToken } from "./footnotes";
import { inline, type AnyToken } from "./Inline";
import { MathView } from "./MathView";
import { TableView } from "./TableView";
import { useTokens } from "./useTokens";
import { t } from "../i18n";

const GROUP = 40; // blocks

interface Props {
  readonly text: string;
  readonly streaming?: boolean;
}

export function Markdown({ text, streaming = false }: Props) {
  const tokens = useTokens(text, streaming);
  const top = tokens.reduce((least, token) => (token.type === "heading" ? Math.min(least, (token as Tokens.Heading).depth) : least), 6);
  const groups = Array.from({ length: Math.ceil(tokens.length / GROUP) }, (_, index) => tokens.slice(index * GROUP, (index + 1) * GROUP));
  return (
    <div class="prose">
      <WithFootnotes tokens={tokens} content={(content) => blocks(content, false)}>
        {groups.map((group, index) => (
          <BlockGroup key={index} tokens={group} top={top} open={streaming && index === groups.length - 1} />
        ))}
      </WithFootnotes>
    </div>
  );
}

interface GroupProps {
  readonly tokens: readonly Token[];
  readonly top: number; // depth of the text's highest heading
  readonly open: boolean; // its last block may still grow
}

/** Blocks that follow one another. Of a long text only the last group is looked through when the text grows. */
class BlockGroup extends Component<GroupProps> {
  override shouldComponentUpdate({ tokens, top, open }: GroupProps): boolean {
    const { tokens: shown } = this.props;
    return top !== this.props.top || open !== this.props.open || tokens.length !== shown.length || tokens.some((token, index) => token !== shown[index]);
  }

  override render({ tokens, top, open }: GroupProps): ComponentChild {
    return tokens.map((token, index) => <Block key={index} token={token} top={top} open={open && index === tokens.length - 1} />);
  }
}

interface BlockProps {
  readonly token: Token;
  readonly top: number; // depth of the text's highest heading
  readonly open: boolean; // it may still grow
}

/** One top-level block. It renders again only when its token is another one. */
class Block extends Component<BlockProps> {
  override shouldComponentUpdate(next: BlockProps): boolean {
    return next.token !== this.props.token || next.top !== this.props.top || next.open !== this.props.open;
  }

  override render({ token, top, open }: BlockProps): ComponentChild {
    if (token.type === "heading") return heading(token as Tokens.Heading, top);
    return block(token as BlockToken, open);
  }
}

type BlockToken = AnyToken | DetailsToken | NoteToken;

function blocks(tokens: readonly Token[], open: boolean): ComponentChildren {
  return tokens.map((token, index) => block(token as BlockToken, open && index === tokens.length - 1));
}

function block(token: BlockToken, open: boolean): ComponentChild {
  switch (token.type) {
    case "space":
    case "def":
    case "note": // stands at the end of the text
      return null;
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "heading":
      return heading(token, 1);
    case "code":
      if (token.lang?.trim() === "math" && !open) return <MathView tex={token.text} display source={token.raw.trim()} />;
      return <CodeBlock code={token.text} language={token.lang ?? ""} open={open} />;
    case "blockquote":
      return <blockquote>{blocks(token.tokens, open)}</blockquote>;
    case "list":
      return list(token as Tokens.List, open);
    case "table":
      return <TableView token={token as Tokens.Table} open={open} />;
    case "hr":
      return <hr />;
    case "math":
      return <MathView tex={token["tex"] as string} display source={token.raw.trim()} />;
    case "details":
      return details(token as DetailsToken, open);
    case "html":
      return <p class="raw">{(token.raw as string).trimEnd()}</p>;
    case "plain":
      return <p class="raw">{token["text"] as string}</p>;
    case "text": // the content of a tight list item
      return token.tokens ? inline(token.tokens) : decodeEntities(token.text);
    default:
      return inline([token]);
  }
}

/** The page has used two levels up (its title, and who speaks), so an answer's highest heading is the third. */
function heading({ depth, tokens }: { readonly depth: number; readonly tokens?: Token[] }, top: number): JSX.Element {
  const Tag = `h${Math.min(6, 3 + depth - top)}` as "h3" | "h4" | "h5" | "h6";
  return <Tag class={`depth-${depth}`}>{inline(tokens ?? [])}</Tag>;
}

function list(token: Tokens.List, open: boolean): JSX.Element {
  const items = token.items.map((item, index) => listItem(item, open && index === token.items.length - 1));
  const tasks = token.items.some((item) => item.task) ? { class: "tasks" } : {};
  if (!token.ordered) return <ul {...tasks}>{items}</ul>;
  const start = typeof token.start === "number" && token.start !== 1 ? { start: token.start } : {};
  return (
    <ol {...start} {...tasks}>
      {items}
    </ol>
  );
}

function listItem(item: Tokens.ListItem, open: boolean): JSX.Element {
  return <li>{blocks(item.tokens, open)}</li>;
}

/** Folded until the reader opens it, also while it streams: nothing moves by itself. One that never closes hides nothing. */
function details({ summary, tokens, closed }: DetailsToken, open: boolean): JSX.Element {
  return (
    <details {...(closed || open ? {} : { open: true })}>
      <summary>{summary.length > 0 ? inline(summary) : t("text.details")}</summary>
      {blocks(tokens, open)}
    </details>
  );
}
