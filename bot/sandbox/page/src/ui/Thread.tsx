/** The thread next to the channel. */
import { channelTitle, closeThread, useStore } from "../store";
import { Composer } from "./Composer";
import { Icon } from "./icons";
import { MessageList } from "./MessageList";

export function ThreadPane() {
  const { thread, snapshot, me } = useStore();
  if (!thread) return null;
  const channel = snapshot?.channels.find((one) => one.id === thread.channel);
  const name = channel ? channelTitle(channel) : "";
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.defaultPrevented) closeThread();
  };
  return (
    <aside class="thread" aria-label="Thread" data-testid="thread" onKeyDown={onKeyDown}>
      <header class="pane-head">
        <div class="pane-title">
          <h2>Thread</h2>
          <p class="topic">{channel?.is_im ? name : `#${name}`}</p>
        </div>
        <button type="button" class="icon-button" aria-label="Close thread" title="Close thread" onClick={closeThread}>
          <Icon name="close" />
        </button>
      </header>
      <MessageList messages={thread.messages} conversation={`${me}|${thread.ts}`} label="Thread" inThread />
      {!channel?.is_archived && (
        <Composer key={`${me}|${thread.ts}`} channel={thread.channel} threadTs={thread.ts} label="Reply…" testId="thread-composer" />
      )}
    </aside>
  );
}
