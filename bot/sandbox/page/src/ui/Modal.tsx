/** The person's stack of modals. Only the top one is shown; what was typed below is kept. */
import { useState } from "preact/hooks";
import { Blocks } from "../blocks/Blocks";
import { useForm, useForgetting } from "../blocks/form";
import { check } from "../blocks/values";
import { act, quietAct, useStore } from "../store";
import { plain } from "../text/Text";
import type { View } from "../types";
import { Dialog } from "./Dialog";
import { Icon } from "./icons";
import { Toasts } from "./Toasts";

export function ModalHost() {
  const { snapshot, me } = useStore();
  const views = snapshot?.views ?? [];
  const top = views.at(-1);
  useForgetting([...views, ...(snapshot?.home ? [snapshot.home] : [])].map((view) => view.id));
  if (!top) return null;
  const closeTop = () => void act({ do: "close_view", view_id: top.id });
  return (
    <Dialog key={me} className="modal" labelledBy="modal-title" testId="modal" content={top.id} onCancel={closeTop}>
      <ModalView key={top.id} view={top} depth={views.length} onClose={closeTop} />
      <Toasts />
    </Dialog>
  );
}

interface ModalViewProps {
  view: View;
  depth: number;
  onClose: () => void;
}

function ModalView({ view, depth, onClose }: ModalViewProps) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const { errors, setErrors, clearError } = useErrors(view);
  const form = useForm(`view:${view.id}`, { view_id: view.id }, view.blocks, errors, clearError);

  async function submit(event: Event) {
    event.preventDefault();
    if (busy) return;
    const faults = check(view.blocks, form.values);
    if (Object.keys(faults).length) return showErrors(faults);
    setBusy(true);
    setTrouble(null);
    const answer = await quietAct({ do: "submit", view_id: view.id, values: form.values });
    setBusy(false);
    if (!answer.ok) setTrouble(answer.error ?? "That did not work. Try again.");
    else if (answer.errors) showErrors(answer.errors);
  }
  function showErrors(faults: Record<string, string>) {
    setErrors(faults);
    const unknown = Object.keys(faults).filter((id) => !view.blocks.some((block) => block.block_id === id));
    if (unknown.length) setTrouble(unknown.map((id) => `${id}: ${faults[id]}`).join("\n"));
    window.setTimeout(focusFirstError, 0);
  }
  const closeAll = () => void act({ do: "close_view", view_id: view.id, all: true });
  return (
    <form class="modal-form" noValidate onSubmit={(event) => void submit(event)} data-view-id={view.id} data-callback-id={view.callback_id}>
      <header class="modal-head">
        {depth > 1 && (
          <button type="button" class="icon-button" aria-label="Back" title="Back" data-testid="modal-back" onClick={onClose}>
            <Icon name="back" />
          </button>
        )}
        <h2 id="modal-title">{plain(view.title)}</h2>
        <button type="button" class="icon-button" aria-label="Close" title="Close" data-testid="modal-x" onClick={depth > 1 ? closeAll : onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="modal-body">
        {trouble && <p class="modal-trouble" role="alert">{trouble}</p>}
        <Blocks form={form} />
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button button-plain" data-testid="modal-close" onClick={onClose}>
          {plain(view.close) || (view.submit ? "Cancel" : "Close")}
        </button>
        {view.submit && (
          <button type="submit" class={`button button-primary${busy ? " busy" : ""}`} aria-busy={busy} data-testid="modal-submit">
            {plain(view.submit)}
          </button>
        )}
      </footer>
    </form>
  );
}

/** Errors from the last submission; each goes away when its block is edited or the app sends a new view. */
function useErrors(view: View) {
  const version = `${view.hash}|${JSON.stringify(view.errors ?? {})}`;
  const [state, setState] = useState({ version, errors: view.errors ?? {} });
  const errors = state.version === version ? state.errors : (view.errors ?? {});
  const setErrors = (next: Record<string, string>) => setState({ version, errors: next });
  const clearError = (block: string) => {
    if (!(block in errors)) return;
    const { [block]: _, ...rest } = errors;
    setErrors(rest);
  };
  return { errors, setErrors, clearError };
}

function focusFirstError(): void {
  document.querySelector<HTMLElement>(".modal .invalid :is(input, textarea)")?.focus();
}
