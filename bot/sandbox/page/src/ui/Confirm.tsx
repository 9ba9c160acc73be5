/** The "are you sure" of an element. */
import { plain, Text } from "../text/Text";
import { useStore } from "../store";
import { Dialog } from "./Dialog";

export function ConfirmHost() {
  const { confirm } = useStore();
  if (!confirm) return null;
  const { ask, answer } = confirm;
  const danger = ask.style === "danger"; // a tired Enter must not do what cannot be undone
  return (
    <Dialog label={plain(ask.title)} role="alertdialog" className="confirm" testId="confirm" onCancel={() => answer(false)}>
      <h2>{plain(ask.title)}</h2>
      <p><Text text={ask.text} /></p>
      <div class="dialog-foot">
        <button type="button" class="button button-plain" data-testid="confirm-no" data-autofocus={danger} onClick={() => answer(false)}>
          {plain(ask.deny) || "Cancel"}
        </button>
        <button
          type="button"
          class={`button button-${danger ? "danger" : "primary"}`}
          data-testid="confirm-yes"
          data-autofocus={!danger}
          onClick={() => answer(true)}
        >
          {plain(ask.confirm) || "Yes"}
        </button>
      </div>
    </Dialog>
  );
}
