/** One message: who, when, text or blocks, marks, reactions, replies, and what can be done with it. */
import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useEffect, useRef, useState } from "preact/hooks";
import { Blocks } from "../blocks/Blocks";
import { useForm } from "../blocks/form";
import { act, askConfirm, getState, nameOf, openThread, person } from "../store";
import { clockTime, fullTime } from "../text/dates";
import { emoji } from "../text/emoji";
import { Mrkdwn } from "../text/Text";
import type { Block, Message, Reaction } from "../types";
import { Attachments } from "./Attachments";
import { Avatar } from "./Avatar";
import { EmojiPicker } from "./EmojiPicker";
import { Icon } from "./icons";
import { Menu, type MenuItem } from "./Menu";
import { known } from "./Composer";
import { decode } from "./suggest";

interface Props {
  message: Message;
  /** Follows a message of the same person closely: the name is not repeated. */
  compact: boolean;
  inThread?: boolean;
  /** Only the last message is a stop of the Tab key; the arrow keys reach the others. */
  tabStop?: boolean;
  /** Person and snapshot version: mentions and names are drawn again when they change. */
  reader: string;
}

/** Slack's own lines, like "has joined the channel". */
export function isSystem(message: Message): boolean {
  return Boolean(message.subtype) && !["bot_message", "thread_broadcast", "me_message"].includes(message.subtype!);
}

function MessageRow({ message, compact, inThread = false, tabStop = false }: Props) {
  const [editing, setEditing] = useState(false);
  const article = useRef<HTMLElement>(null);
  const who = person(message.user);
  const name = nameOf(who, message.user || "Sandbox");
  const classes = ["message", compact && "compact", message.ephemeral && "ephemeral", message.pinned && "pinned"];
  const stopEditing = () => {
    setEditing(false);
    article.current?.focus();
  };
  if (message.deleted) return <Tombstone message={message} tabStop={tabStop} />;
  return (
    <article
      ref={article}
      class={classes.filter(Boolean).join(" ")}
      tabIndex={tabStop ? 0 : -1}
      aria-label={`${name}, ${clockTime(message.ts)}`}
      data-testid="message"
      data-ts={message.ts}
      data-user={message.user}
      data-ephemeral={message.ephemeral || undefined}
    >
      <div class="message-side">
        {compact ? <Time ts={message.ts} /> : <Avatar who={who} />}
      </div>
      <div class="message-main">
        {message.ephemeral && <OnlyYou message={message} />}
        {message.pinned && <p class="pin-mark"><Icon name="pin" /> Pinned</p>}
        {!compact && (
          <p class="message-head">
            <strong>{name}</strong>
            {message.is_bot && <span class="badge">App</span>}
            {who && !who.is_bot && <span class="faint head-title">{who.title}</span>}
            <Time ts={message.ts} />
          </p>
        )}
        {editing ? <Editor message={message} onDone={stopEditing} /> : <Body message={message} />}
        {!editing && <Attachments message={message} />}
        <Reactions message={message} />
        {message.reply_count > 0 && !inThread && (
          <button type="button" class="replies" data-testid="replies" onClick={() => openThread(message.channel, message.ts)}>
            {message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`}
          </button>
        )}
      </div>
      {!editing && <Toolbar message={message} inThread={inThread} onEdit={() => setEditing(true)} />}
    </article>
  );
}

export const MessageView = memo(MessageRow);

function OnlyYou({ message }: { message: Message }) {
  const dismiss = () => void act({ do: "delete", channel: message.channel, ts: message.ts });
  return (
    <p class="only-you">
      Only visible to you <button type="button" class="link-button" data-testid="dismiss" onClick={dismiss}>Dismiss</button>
    </p>
  );
}

function Tombstone({ message, tabStop }: { message: Message; tabStop: boolean }) {
  return (
    <article class="message compact gone" tabIndex={tabStop ? 0 : -1} data-testid="message" data-ts={message.ts} data-deleted>
      <div class="message-side"><Time ts={message.ts} /></div>
      <div class="message-main"><p class="faint">This message was deleted.</p></div>
    </article>
  );
}

function Time({ ts }: { ts: string }) {
  return <time class="faint time" dateTime={new Date(Number(ts) * 1000).toISOString()} title={fullTime(ts)}>{clockTime(ts)}</time>;
}

function Body({ message }: { message: Message }) {
  const mark = message.edited ? <span class="faint edited"> (edited)</span> : null;
  if (message.blocks?.length) return <BlockBody message={message} blocks={message.blocks} mark={mark} />;
  if (!message.text) return mark;
  return (
    <div class={isSystem(message) ? "message-text quiet" : "message-text"}>
      <Mrkdwn text={message.text} />
      {mark}
    </div>
  );
}

interface BlockBodyProps {
  message: Message;
  blocks: Block[];
  mark: ComponentChildren;
}

function BlockBody({ message, blocks, mark }: BlockBodyProps) {
  const form = useForm(`message:${message.channel}:${message.ts}`, { channel: message.channel, ts: message.ts }, blocks);
  return (
    <div class="message-text">
      <Blocks form={form} />
      {mark}
    </div>
  );
}

function Reactions({ message }: { message: Message }) {
  if (!message.reactions.length) return null;
  return (
    <div class="reactions">
      {message.reactions.map((reaction) => <ReactionChip key={reaction.name} message={message} reaction={reaction} />)}
      <EmojiPicker className="reaction add" onPick={(name) => void react(message, name)} />
    </div>
  );
}

function ReactionChip({ message, reaction }: { message: Message; reaction: Reaction }) {
  const mine = reaction.users.includes(getState().me);
  const names = reaction.users.map((id) => nameOf(person(id), id)).join(", ");
  const label = `${reaction.users.length} ${reaction.name.replaceAll("_", " ")}: ${names}`;
  return (
    <button
      type="button"
      class={mine ? "reaction mine" : "reaction"}
      aria-pressed={mine}
      aria-label={label}
      title={label}
      data-reaction={reaction.name}
      onClick={() => void react(message, reaction.name)}
    >
      {emoji(reaction.name)} <span>{reaction.users.length}</span>
    </button>
  );
}

function react(message: Message, name: string) {
  const mine = message.reactions.some((one) => one.name === name && one.users.includes(getState().me));
  return act({ do: mine ? "unreact" : "react", channel: message.channel, ts: message.ts, name });
}

interface ToolbarProps {
  message: Message;
  inThread: boolean;
  onEdit: () => void;
}

function Toolbar({ message, inThread, onEdit }: ToolbarProps) {
  if (message.ephemeral) return null;
  return (
    <div class="toolbar" role="group" aria-label="Message actions">
      <EmojiPicker onPick={(name) => void react(message, name)} />
      {!inThread && (
        <button
          type="button"
          class="icon-button"
          aria-label="Reply in thread"
          title="Reply in thread"
          data-testid="reply"
          onClick={() => openThread(message.channel, message.thread_ts ?? message.ts)}
        >
          <Icon name="thread" />
        </button>
      )}
      <Menu label="More actions" items={menuItems(message, onEdit)} testId="message-menu">
        <Icon name="more" />
      </Menu>
    </div>
  );
}

function menuItems(message: Message, onEdit: () => void): MenuItem[] {
  const { snapshot, me } = getState();
  const where = { channel: message.channel, ts: message.ts };
  const items: MenuItem[] = (snapshot?.shortcuts ?? [])
    .filter((shortcut) => shortcut.type === "message")
    .map((shortcut) => ({
      key: shortcut.callback_id,
      label: shortcut.name,
      note: shortcut.description,
      run: () => void act({ do: "message_shortcut", callback_id: shortcut.callback_id, ...where }),
    }));
  if (message.user !== me) return items;
  items.push({ key: "edit", label: "Edit message", run: onEdit });
  items.push({ key: "delete", label: "Delete message", danger: true, run: () => void remove(message) });
  return items;
}

async function remove(message: Message): Promise<void> {
  const words = (text: string) => ({ type: "plain_text" as const, text });
  const yes = await askConfirm({
    title: words("Delete message"),
    text: words("Delete this message for everybody? What the record already holds stays there."),
    confirm: words("Delete"),
    deny: words("Keep"),
    style: "danger",
  });
  if (yes) await act({ do: "delete", channel: message.channel, ts: message.ts });
}

function Editor({ message, onDone }: { message: Message; onDone: () => void }) {
  const [text, setText] = useState(() => decode(message.text, known()));
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);
  const save = async () => {
    if (!text.trim()) return;
    const answer = await act({ do: "edit", channel: message.channel, ts: message.ts, text: text.trim() });
    if (answer.ok) onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onDone();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      void save();
    }
  };
  return (
    <div class="editor">
      <textarea
        class="field"
        rows={2}
        aria-label="Edit message"
        data-testid="editor"
        ref={box}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div class="actions-row">
        <button type="button" class="button button-plain" onClick={onDone}>Cancel</button>
        <button type="button" class="button button-primary" onClick={() => void save()}>Save</button>
      </div>
    </div>
  );
}
