/** Draws text objects: plain text, mrkdwn, and the mentions inside. */
import type { ComponentChildren, VNode } from "preact";
import { channelTitle, getState, goTo, nameOf, openDirect, person } from "../store";
import type { TextObject } from "../types";
import { fillDateFormat } from "./dates";
import { emoji, withEmoji } from "./emoji";
import { type Inline, parseMrkdwn, type Part } from "./mrkdwn";

export function Text({ text }: { text: TextObject | string | undefined }) {
  if (text === undefined) return null;
  if (typeof text === "string") return <>{lines(withEmoji(text))}</>;
  if (text.type === "mrkdwn") return <Mrkdwn text={text.text} />;
  return <>{lines(text.emoji === false ? text.text : withEmoji(text.text))}</>;
}

export function plain(text: TextObject | string | undefined | null): string {
  if (!text) return "";
  return withEmoji(typeof text === "string" ? text : text.text);
}

function lines(text: string): ComponentChildren {
  return text.split("\n").map((line, index) => (index ? [<br />, line] : line));
}

export function Mrkdwn({ text }: { text: string }) {
  return <>{parseMrkdwn(text).map(drawPart)}</>;
}

function drawPart(part: Part): VNode {
  if (part.t === "pre") return <pre>{part.v}</pre>;
  if (part.t === "quote") return <blockquote>{part.c.map(drawInline)}</blockquote>;
  return <span class="text-part">{part.c.map(drawInline)}</span>;
}

function drawInline(node: Inline): ComponentChildren {
  switch (node.t) {
    case "text":
      return node.v;
    case "br":
      return <br />;
    case "bold":
      return <strong>{node.c.map(drawInline)}</strong>;
    case "italic":
      return <em>{node.c.map(drawInline)}</em>;
    case "strike":
      return <s>{node.c.map(drawInline)}</s>;
    case "code":
      return <code>{node.v}</code>;
    case "link":
      return <Link href={node.href}>{node.c.map(drawInline)}</Link>;
    case "user":
      return <UserMention id={node.id} label={node.label} />;
    case "channel":
      return <ChannelMention id={node.id} label={node.label} />;
    case "special":
      return <span class="mention">{node.label ?? `@${node.id.split("^")[0]}`}</span>;
    case "date":
      return <DateText {...node} />;
    case "emoji":
      return <Emoji name={node.name} />;
  }
}

export function Emoji({ name }: { name: string }) {
  const shown = emoji(name);
  if (shown.startsWith(":")) return <>{shown}</>;
  return <span role="img" aria-label={name.replaceAll("_", " ")} title={`:${name}:`}>{shown}</span>;
}

/** A permalink of this workspace. The machine behind that name is not ours: it leads to the message here. */
const PERMALINK = /^https:\/\/sandbox\.slack\.com\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})\b/;

export function Link({ href, children }: { href: string; children: ComponentChildren }) {
  const [, id, seconds, rest] = PERMALINK.exec(href) ?? [];
  if (id) {
    const open = (event: Event) => {
      event.preventDefault();
      goTo({ kind: "channel", id });
      showMessage(`${seconds}.${rest}`);
    };
    return <a href={href} onClick={open}>{children}</a>;
  }
  return <a href={href} target="_blank" rel="noopener noreferrer">{children}</a>;
}

/** Scrolls to a message and marks it, as soon as its channel is on the screen. */
function showMessage(ts: string, tries = 20): void {
  const found = document.querySelector<HTMLElement>(`.messages [data-ts="${ts}"]`);
  if (found) {
    found.scrollIntoView({ block: "start" });
    found.focus({ preventScroll: true });
  } else if (tries) {
    setTimeout(() => showMessage(ts, tries - 1), 100);
  }
}

export function UserMention({ id, label }: { id: string; label?: string | null }) {
  const one = person(id);
  const mine = id === getState().me;
  const words = `@${one ? nameOf(one) : (label ?? id)}`;
  if (!one || mine) return <span class={mine ? "mention mine" : "mention"}>{words}</span>;
  return <button type="button" class="mention" onClick={() => void openDirect(id)}>{words}</button>;
}

export function ChannelMention({ id, label }: { id: string; label?: string | null }) {
  const channel = getState().snapshot?.channels.find((one) => one.id === id);
  if (!channel) return <span class="mention">{label ? `#${label}` : "a private channel"}</span>;
  const open = () => goTo({ kind: "channel", id });
  return <button type="button" class="mention" onClick={open}>#{channelTitle(channel)}</button>;
}

interface DateProps {
  seconds: number;
  pattern: string;
  href: string | null;
  fallback: string;
}

export function DateText({ seconds, pattern, href, fallback }: DateProps) {
  const words = fillDateFormat(seconds, pattern);
  if (words === null) return <>{fallback}</>;
  const time = <time dateTime={new Date(seconds * 1000).toISOString()} title={fallback}>{words}</time>;
  return href ? <Link href={href}>{time}</Link> : time;
}
