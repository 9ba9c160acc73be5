/** Short-lived notes: what went wrong, and what Slackbot would say. */
import { dropToast, useStore } from "../store";
import { Mrkdwn } from "../text/Text";
import { Icon } from "./icons";

/** Drawn inside the modal while one is open: the rest of the page cannot be reached then. */
export function Toasts() {
  const { toasts } = useStore();
  return (
    <div class="toasts" role="status" aria-live="assertive">
      {toasts.map((toast) => (
        <div key={toast.id} class={`toast ${toast.tone}`} data-testid="toast">
          <span><Mrkdwn text={toast.text} /></span>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dropToast(toast.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
