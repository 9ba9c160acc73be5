/**
 * Where people type: messages, slash commands, mentions. The server turns `@name` into ids, as Slack does.
 * What was typed stays until it was accepted.
 */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { act, getState, toast } from "../store";
import { Icon } from "./icons";
import { type Known, suggest, type Suggestion } from "./suggest";

interface Props {
  channel: string;
  label: string;
  threadTs?: string;
  testId: string;
}

const drafts = new Map<string, string>();

/** Puts text into a channel's composer, ready to be sent. */
export function fillComposer(channel: string, text: string): void {
  window.dispatchEvent(new CustomEvent("fill-composer", { detail: { channel, text } }));
}

export function Composer({ channel, label, threadTs, testId }: Props) {
  const key = `${getState().me}|${channel}|${threadTs ?? ""}`;
  const [text, setText] = useState(drafts.get(key) ?? "");
  const [busy, setBusy] = useState(false);
  const [active, setActive] = useState(-1);
  const [hidden, setHidden] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const suggestions = hidden || busy ? [] : suggest(text, known());

  useEffect(() => setText(drafts.get(key) ?? ""), [key]);
  useLayoutEffect(() => {
    // With a real keyboard people type at once; on a phone this would open the keyboard unasked.
    if (window.matchMedia("(hover: hover)").matches && !document.querySelector("dialog[open]")) box.current?.focus();
  }, [key]);
  useLayoutEffect(() => grow(box.current), [text]);
  useFill(channel, threadTs, (filled) => {
    write(filled);
    box.current?.focus();
  });

  function write(next: string) {
    drafts.set(key, next);
    setText(next);
    setActive(-1);
    setHidden(false);
  }
  function take(suggestion: Suggestion) {
    write(suggestion.text);
    box.current?.focus();
  }
  async function send() {
    const typed = text.trim();
    if (!typed || busy) return;
    setBusy(true);
    setHidden(true);
    const sent = await deliver(typed, channel, threadTs);
    setBusy(false);
    if (sent && drafts.get(key)?.trim() === typed) {
      drafts.delete(key);
      setText((now) => (now.trim() === typed ? "" : now));
    }
    box.current?.focus();
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.isComposing) return;
    const chosen = suggestions[active] ?? (event.key === "Tab" && !event.shiftKey ? suggestions[0] : undefined);
    if (suggestions.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive(active < 0 && step < 0 ? suggestions.length - 1 : (active + step + suggestions.length) % suggestions.length);
    } else if (suggestions.length && event.key === "Escape") {
      event.stopPropagation();
      setHidden(true);
    } else if (chosen && (event.key === "Tab" || event.key === "Enter")) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  }

  return (
    <div class="composer">
      {suggestions.length > 0 && (
        <ul class="suggestions" role="listbox" id={`${id}-list`} aria-label="Suggestions" data-testid="suggestions">
          {suggestions.map((one, index) => (
            <li
              key={one.key}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              class={index === active ? "active" : ""}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(one)}
            >
              <strong>{one.title}</strong> <span class="faint">{one.note}</span>
            </li>
          ))}
          <li class="suggestions-help faint" role="presentation">↑ ↓ to move, Tab to take, Esc to hide</li>
        </ul>
      )}
      <div class="composer-box">
        <textarea
          ref={box}
          rows={1}
          data-testid={testId}
          aria-label={label}
          aria-autocomplete="list"
          aria-controls={suggestions.length ? `${id}-list` : undefined}
          aria-activedescendant={suggestions[active] ? `${id}-${active}` : undefined}
          placeholder={label}
          value={text}
          readOnly={busy}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <button
          type="button"
          class="send"
          aria-label="Send"
          title="Send (Enter)"
          data-testid={`${testId}-send`}
          disabled={!text.trim() || busy}
          onClick={() => void send()}
        >
          <Icon name="send" />
        </button>
      </div>
    </div>
  );
}

export function known(): Known {
  const { snapshot } = getState();
  return {
    commands: snapshot?.commands ?? [],
    people: snapshot?.people ?? [],
    channels: snapshot?.channels ?? [],
  };
}

async function deliver(typed: string, channel: string, threadTs: string | undefined): Promise<boolean> {
  if (!typed.startsWith("/")) {
    return (await act({ do: "message", channel, text: typed, thread_ts: threadTs })).ok;
  }
  if (threadTs) {
    toast("error", `${typed.split(/\s/)[0]} does not work in a thread. Type it in the channel.`);
    return false;
  }
  const answer = await act({ do: "command", channel, text: typed });
  return answer.ok && answer.acknowledged !== false; // the app never answered: a notice says so
}

function grow(box: HTMLTextAreaElement | null): void {
  if (!box) return;
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
}

function useFill(channel: string, threadTs: string | undefined, onFill: (text: string) => void): void {
  useEffect(() => {
    const listener = (event: Event) => {
      const { detail } = event as CustomEvent<{ channel: string; text: string }>;
      if (detail.channel === channel && !threadTs) onFill(detail.text);
    };
    window.addEventListener("fill-composer", listener);
    return () => window.removeEventListener("fill-composer", listener);
  });
}
