/** Draws `rich_text` blocks (display only). */
import type { ComponentChildren, VNode } from "preact";
import { safeHref } from "./mrkdwn";
import { ChannelMention, DateText, Emoji, Link, UserMention } from "./Text";

interface Rich {
  type: string;
  elements?: Rich[];
  text?: string;
  url?: string;
  name?: string;
  user_id?: string;
  channel_id?: string;
  usergroup_id?: string;
  range?: string;
  value?: string;
  timestamp?: number;
  format?: string;
  fallback?: string;
  style?: string | { bold?: boolean; italic?: boolean; strike?: boolean; code?: boolean; underline?: boolean };
  indent?: number;
  offset?: number;
}

export function RichText({ elements }: { elements: unknown[] }) {
  return <>{(elements as Rich[]).map(drawPart)}</>;
}

function drawPart(part: Rich): VNode {
  const inside = (part.elements ?? []).map(drawInline);
  switch (part.type) {
    case "rich_text_list":
      return drawList(part);
    case "rich_text_quote":
      return <blockquote>{inside}</blockquote>;
    case "rich_text_preformatted":
      return <pre>{inside}</pre>;
    default:
      return <div class="text-part">{inside}</div>;
  }
}

function drawList(list: Rich): VNode {
  const items = (list.elements ?? []).map((item) => <li>{(item.elements ?? []).map(drawInline)}</li>);
  const className = `indent-${Math.min(4, list.indent ?? 0)}`;
  if (list.style !== "ordered") return <ul class={className}>{items}</ul>;
  return <ol class={className} start={(list.offset ?? 0) + 1}>{items}</ol>;
}

function drawInline(element: Rich): ComponentChildren {
  return styled(element, content(element));
}

function content(element: Rich): ComponentChildren {
  switch (element.type) {
    case "link": {
      const href = safeHref(element.url ?? "");
      const words = element.text || element.url || "";
      return href ? <Link href={href}>{words}</Link> : words;
    }
    case "emoji":
      return <Emoji name={element.name ?? ""} />;
    case "user":
      return <UserMention id={element.user_id ?? ""} />;
    case "channel":
      return <ChannelMention id={element.channel_id ?? ""} />;
    case "usergroup":
      return <span class="mention">@{element.usergroup_id}</span>;
    case "broadcast":
      return <span class="mention">@{element.range}</span>;
    case "color":
      return <code>{element.value}</code>;
    case "date":
      return (
        <DateText
          seconds={element.timestamp ?? NaN}
          pattern={element.format ?? ""}
          href={safeHref(element.url ?? "")}
          fallback={element.fallback ?? ""}
        />
      );
    default:
      return multiline(element.text ?? "");
  }
}

function multiline(text: string): ComponentChildren {
  return text.split("\n").map((line, index) => (index ? [<br />, line] : line));
}

function styled(element: Rich, inside: ComponentChildren): ComponentChildren {
  const style = typeof element.style === "object" ? element.style : {};
  let drawn = inside;
  if (style.code) drawn = <code>{drawn}</code>;
  if (style.bold) drawn = <strong>{drawn}</strong>;
  if (style.italic) drawn = <em>{drawn}</em>;
  if (style.strike) drawn = <s>{drawn}</s>;
  if (style.underline) drawn = <u>{drawn}</u>;
  return drawn;
}
