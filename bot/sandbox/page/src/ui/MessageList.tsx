/** The scrolling list of messages. It stays at the bottom when the reader is at the bottom. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { useStore } from "../store";
import { dayKey, dayTitle } from "../text/dates";
import type { Message } from "../types";
import { isSystem, MessageView } from "./Message";

const SAME_BREATH_SECONDS = 300;
const NEARLY_BOTTOM_PX = 40;

interface Props {
  messages: Message[] | null;
  /** Changes when another conversation is shown: the list then starts at the bottom. */
  conversation: string;
  label: string;
  inThread?: boolean;
  before?: ComponentChildren;
}

export function MessageList({ messages, conversation, label, inThread, before }: Props) {
  const { me, snapshot } = useStore();
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const [behind, setBehind] = useState(false);
  const reader = `${me}|${snapshot?.people.length}|${snapshot?.channels.length}|${snapshot?.shortcuts.length}`;

  const toBottom = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  const onScroll = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current!;
    stick.current = scrollHeight - scrollTop - clientHeight < NEARLY_BOTTOM_PX;
    if (stick.current) setBehind(false);
  };
  useLayoutEffect(() => {
    stick.current = true;
    setBehind(false);
    toBottom();
  }, [conversation]);
  useLayoutEffect(() => {
    if (stick.current || isFresh(messages?.at(-1), me)) toBottom();
    else setBehind(true);
  }, [messages?.length]);
  useEffect(() => {
    const watcher = new ResizeObserver(() => stick.current && toBottom());
    watcher.observe(content.current!);
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, []);

  return (
    <div class="messages-frame">
      <div class="messages" ref={box} role="log" aria-label={label} aria-live="polite" onScroll={onScroll} onKeyDown={moveFocus}>
        <div ref={content}>
          {before}
          {messages?.map((message, index) => {
            const previous = messages[index - 1];
            return (
              <div key={message.ts + (message.ephemeral ? "e" : "")}>
                {!inThread && dayKey(message.ts) !== dayKey(previous?.ts ?? 0) && (
                  <p class="day"><span>{dayTitle(message.ts)}</span></p>
                )}
                <MessageView
                  message={message}
                  compact={isCompact(message, previous)}
                  inThread={inThread}
                  tabStop={index === messages.length - 1}
                  reader={reader}
                />
              </div>
            );
          })}
        </div>
      </div>
      {behind && (
        <button type="button" class="jump" onClick={toBottom}>New messages ↓</button>
      )}
    </div>
  );
}

/** What the reader just wrote, or what only the reader was just told: then the list goes to it. */
function isFresh(message: Message | undefined, me: string): boolean {
  if (!message || (message.user !== me && !message.ephemeral)) return false;
  return Date.now() / 1000 - Number(message.ts) < 5;
}

function isCompact(message: Message, previous: Message | undefined): boolean {
  if (isSystem(message)) return true;
  return Boolean(
    previous &&
      !isSystem(previous) &&
      previous.user === message.user &&
      previous.ephemeral === message.ephemeral &&
      !previous.deleted &&
      !message.pinned &&
      dayKey(previous.ts) === dayKey(message.ts) &&
      Number(message.ts) - Number(previous.ts) < SAME_BREATH_SECONDS,
  );
}

/** Arrow keys go from message to message when a message itself has the focus. */
function moveFocus(event: KeyboardEvent): void {
  const here = document.activeElement;
  if (!here?.classList.contains("message") || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".message")];
  all[all.indexOf(here as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
}
