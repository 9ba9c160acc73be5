/** Asks for a channel's new name. */
import { useState } from "preact/hooks";
import { quietAct } from "../store";
import type { Channel } from "../types";
import { Dialog } from "./Dialog";

export function RenameDialog({ channel, onDone }: { channel: Channel; onDone: () => void }) {
  const [name, setName] = useState(channel.name);
  const [fault, setFault] = useState<string | null>(null);
  const save = async (event: Event) => {
    event.preventDefault();
    const answer = await quietAct({ do: "rename", channel: channel.id, name: name.trim() });
    if (answer.ok) onDone();
    else setFault(answer.error ?? "That name was not accepted.");
  };
  return (
    <Dialog label="Rename channel" className="confirm" testId="rename" onCancel={onDone}>
      <form onSubmit={(event) => void save(event)}>
        <h2>Rename channel</h2>
        <label>
          New name
          <input class="field" data-autofocus value={name} aria-invalid={fault ? true : undefined} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        {fault && <p class="input-error" role="alert">{fault}</p>}
        <div class="dialog-foot">
          <button type="button" class="button button-plain" onClick={onDone}>Cancel</button>
          <button type="submit" class="button button-primary">Rename</button>
        </div>
      </form>
    </Dialog>
  );
}
