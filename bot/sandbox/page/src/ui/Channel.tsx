/** A channel or direct message: header, bookmarks, messages, composer. */
import { useState } from "preact/hooks";
import { act, channelTitle, currentChannel, nameOf, person, useStore } from "../store";
import { decode } from "./suggest";
import { safeHref } from "../text/mrkdwn";
import { Link, Mrkdwn } from "../text/Text";
import type { Channel, Message } from "../types";
import { Composer, fillComposer, known } from "./Composer";
import { Icon } from "./icons";
import { Menu, type MenuItem } from "./Menu";
import { MessageList } from "./MessageList";
import { isDrill, isIncident, MenuButton } from "./Sidebar";
import { RenameDialog } from "./RenameDialog";

export function ChannelPane() {
  const { messages, me } = useStore();
  const channel = currentChannel();
  if (!channel) return <main class="pane" />;
  const title = channelTitle(channel);
  const sign = channel.is_im ? "" : "#";
  return (
    <main class="pane" aria-label={`${sign}${title}`}>
      <ChannelHead channel={channel} messages={messages ?? []} />
      <Bookmarks channel={channel} />
      <MessageList
        messages={messages}
        conversation={`${me}|${channel.id}`}
        label={`Messages in ${sign}${title}`}
        before={messages && <Beginning channel={channel} empty={messages.length === 0} />}
      />
      {channel.name === "general" && <FirstHint channel={channel} />}
      <ChannelFoot channel={channel} />
    </main>
  );
}

function ChannelHead({ channel, messages }: { channel: Channel; messages: Message[] }) {
  const [renaming, setRenaming] = useState(false);
  return (
    <header class="pane-head">
      <MenuButton />
      <div class="pane-title">
        <h1 data-testid="channel-title">
          {!channel.is_im && <Icon name={channel.is_private ? "lock" : "hash"} />}
          {channelTitle(channel)}
          {isDrill(channel) && <span class="badge drill">Drill</span>}
          {channel.is_archived && <span class="badge">Archived</span>}
        </h1>
        {channel.topic && <p class="topic" data-testid="topic" title={channel.topic}><Mrkdwn text={channel.topic} /></p>}
      </div>
      {channel.pins.length > 0 && <Pins channel={channel} messages={messages} />}
      {!channel.is_im && <Members channel={channel} />}
      {!channel.is_im && (
        <Menu label="Channel actions" items={channelItems(channel, () => setRenaming(true))} testId="channel-menu"><Icon name="more" /></Menu>
      )}
      {renaming && <RenameDialog channel={channel} onDone={() => setRenaming(false)} />}
    </header>
  );
}

function Pins({ channel, messages }: { channel: Channel; messages: Message[] }) {
  const items = channel.pins.map((ts): MenuItem => {
    const message = messages.find((one) => one.ts === ts);
    const words = message ? decode(message.text, known()) : "A pinned message in a thread";
    return { key: ts, label: words.slice(0, 140) || "A pinned card", note: message && nameOf(person(message.user)), run: () => showMessage(ts) };
  });
  return (
    <Menu label={`Pinned messages: ${items.length}`} heading="Pinned" items={items} testId="pins" buttonProps={{ class: "icon-button with-count" }}>
      <Icon name="pin" /> {items.length}
    </Menu>
  );
}

function showMessage(ts: string): void {
  const found = document.querySelector<HTMLElement>(`.message[data-ts="${CSS.escape(ts)}"]`);
  found?.scrollIntoView({ block: "center" });
  found?.focus({ preventScroll: true });
}

function Members({ channel }: { channel: Channel }) {
  const { snapshot, me } = useStore();
  const inside = channel.members.includes(me) && !channel.is_archived;
  const items = channel.members.map((id): MenuItem => {
    const one = person(id);
    return { key: id, label: nameOf(one, id), note: one?.title, run: () => undefined };
  });
  const others = snapshot?.people.filter((one) => !channel.members.includes(one.id)) ?? [];
  const add = others.map((one): MenuItem => ({
    key: `add-${one.id}`,
    label: `+ Add ${nameOf(one)}`,
    run: () => void act({ do: "invite", channel: channel.id, user: one.id }),
  }));
  return (
    <Menu label={`Members: ${items.length}`} heading="Members" items={inside ? [...items, ...add] : items} testId="members" buttonProps={{ class: "icon-button with-count" }}>
      <Icon name="people" /> {items.length}
    </Menu>
  );
}

function channelItems(channel: Channel, onRename: () => void): MenuItem[] {
  const act1 = (what: string) => () => void act({ do: what, channel: channel.id });
  if (channel.is_archived) return [];
  return [
    { key: "rename", label: "Rename channel", run: onRename },
    { key: "leave", label: "Leave channel", run: act1("leave") },
    { key: "archive", label: "Archive channel", danger: true, run: act1("archive") },
  ];
}

function Bookmarks({ channel }: { channel: Channel }) {
  if (!channel.bookmarks.length) return null;
  return (
    <nav class="bookmarks" aria-label="Bookmarks" data-testid="bookmarks">
      {channel.bookmarks.map((bookmark) => {
        const href = safeHref(bookmark.link);
        const words = <><Icon name="bookmark" /> {bookmark.title}</>;
        return href ? <Link key={bookmark.id} href={href}>{words}</Link> : <span key={bookmark.id}>{words}</span>;
      })}
    </nav>
  );
}

function Beginning({ channel, empty }: { channel: Channel; empty: boolean }) {
  if (channel.is_im) return empty ? <p class="beginning faint">The beginning of your conversation with {channelTitle(channel)}.</p> : null;
  return (
    <div class="beginning faint">
      {channel.purpose ? <Mrkdwn text={channel.purpose} /> : `The beginning of #${channel.name}.`}
    </div>
  );
}

function ChannelFoot({ channel }: { channel: Channel }) {
  const { me } = useStore();
  if (channel.is_archived) return <p class="foot-note faint">This channel is archived. Nobody can write here.</p>;
  if (!channel.is_im && !channel.members.includes(me)) {
    return (
      <div class="foot-note">
        You are looking at #{channel.name}.{" "}
        <button type="button" class="button button-primary" data-testid="join" onClick={() => void act({ do: "join", channel: channel.id })}>
          Join channel
        </button>
      </div>
    );
  }
  const label = `Message ${channel.is_im ? "" : "#"}${channelTitle(channel)}`;
  return <Composer key={`${me}|${channel.id}`} channel={channel.id} label={label} testId="composer" />;
}

const HINT_SEEN = "steadyhand-hint-seen";
const FIRST_COMMAND = "/incident open Support assistant is insulting customers";

/** Says what to type first, until somebody closes it or an incident channel exists. */
function FirstHint({ channel }: { channel: Channel }) {
  const { snapshot } = useStore();
  const [seen, setSeen] = useState(() => localStorage.getItem(HINT_SEEN) === "yes");
  const busy = snapshot?.channels.some((one) => isIncident(one) || isDrill(one));
  if (seen || busy) return null;
  const close = () => {
    localStorage.setItem(HINT_SEEN, "yes");
    setSeen(true);
  };
  return (
    <aside class="first-hint" data-testid="first-hint" aria-label="How to begin">
      <div>
        <strong>Start here.</strong> Your support assistant has begun to insult customers. Say so in one line: type this
        below and press Enter.
        <code>{FIRST_COMMAND}</code>
      </div>
      <p class="faint">You act as {nameOf(snapshot?.me)}. Switch to somebody else at the top whenever you like.</p>
      <div class="actions-row">
        <button type="button" class="button button-primary" data-testid="hint-fill" onClick={() => fillComposer(channel.id, FIRST_COMMAND)}>
          Type it for me
        </button>
        <button type="button" class="button button-plain" onClick={close}>Hide this</button>
      </div>
    </aside>
  );
}
