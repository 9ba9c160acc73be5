/** The small picker for reactions. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { emoji, PICKER } from "../text/emoji";
import { useAnchored } from "./anchored";
import { Icon } from "./icons";

export function EmojiPicker({ onPick, className = "icon-button" }: { onPick: (name: string) => void; className?: string }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const grid = useAnchored<HTMLDivElement>(open, button, () => setOpen(false), "end");
  useLayoutEffect(() => {
    if (open) grid.current?.querySelector("button")?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const all = [...(grid.current?.querySelectorAll("button") ?? [])];
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 }[event.key];
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      const at = all.indexOf(document.activeElement as HTMLButtonElement);
      all[(at + step + all.length) % all.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };
  return (
    <>
      <button
        type="button"
        ref={button}
        class={className}
        aria-label="Add reaction"
        title="Add reaction"
        aria-haspopup="true"
        aria-expanded={open}
        data-testid="add-reaction"
        onClick={() => setOpen(!open)}
      >
        <Icon name="smile" />
      </button>
      {open && (
        <div class="popover emoji-grid" role="group" aria-label="Reactions" ref={grid} onKeyDown={onKeyDown}>
          {PICKER.map((name) => (
            <button
              type="button"
              key={name}
              aria-label={name.replaceAll("_", " ")}
              title={`:${name}:`}
              data-emoji={name}
              onClick={() => (close(), onPick(name))}
            >
              {emoji(name)}
            </button>
          ))}
        </div>
      )}
    </>
  );
}
