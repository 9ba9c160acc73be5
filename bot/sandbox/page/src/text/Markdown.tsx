/** Draws `markdown` blocks. marked only reads the text; the elements are made here, never from HTML. */
import { lexer, type MarkedToken, type Token, type Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { withEmoji } from "./emoji";
import { safeHref } from "./mrkdwn";
import { Link } from "./Text";

export function Markdown({ text }: { text: string }) {
  return <div class="markdown">{draw(lexer(text))}</div>;
}

function draw(tokens: Token[] | undefined): ComponentChildren {
  return (tokens ?? []).map((token) => drawToken(token as MarkedToken));
}

function drawToken(token: MarkedToken): ComponentChildren {
  switch (token.type) {
    case "heading":
      return <p class="md-heading" role="heading" aria-level={Math.min(6, token.depth + 1)}>{draw(token.tokens)}</p>;
    case "paragraph":
      return <p>{draw(token.tokens)}</p>;
    case "strong":
      return <strong>{draw(token.tokens)}</strong>;
    case "em":
      return <em>{draw(token.tokens)}</em>;
    case "del":
      return <s>{draw(token.tokens)}</s>;
    case "codespan":
      return <code>{token.text}</code>;
    case "code":
      return <pre>{token.text}</pre>;
    case "blockquote":
      return <blockquote>{draw(token.tokens)}</blockquote>;
    case "list":
      return drawList(token);
    case "table":
      return drawTable(token);
    case "link":
      return drawLink(token.href, draw(token.tokens));
    case "image":
      return drawLink(token.href, token.text || "image");
    case "hr":
      return <hr />;
    case "br":
      return <br />;
    case "escape":
    case "html":
      return token.text;
    case "checkbox":
      return token.checked ? "☑ " : "☐ ";
    case "space":
    case "def":
      return null;
    case "text":
      return "tokens" in token && token.tokens ? draw(token.tokens) : withEmoji(token.text);
    default:
      return (token as Token).raw;
  }
}

function drawLink(target: string, words: ComponentChildren): ComponentChildren {
  const href = safeHref(target);
  return href ? <Link href={href}>{words}</Link> : words;
}

function drawList(list: Tokens.List): VNode {
  const items = list.items.map((item) => <li>{draw(item.tokens)}</li>);
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function drawTable(table: Tokens.Table): VNode {
  return (
    <div class="table-scroll">
      <table>
        <thead>
          <tr>{table.header.map((cell) => <th class={`align-${cell.align ?? "left"}`}>{draw(cell.tokens)}</th>)}</tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <tr>{row.map((cell) => <td class={`align-${cell.align ?? "left"}`}>{draw(cell.tokens)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
