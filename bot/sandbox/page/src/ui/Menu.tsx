/** A button that opens a menu; arrow keys move, Escape closes and gives the focus back. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAnchored } from "./anchored";

export interface MenuItem {
  key: string;
  label: ComponentChildren;
  note?: string;
  href?: string;
  danger?: boolean;
  checked?: boolean;
  run: () => void;
}

interface MenuProps {
  label: string;
  items: MenuItem[];
  children: ComponentChildren;
  align?: "start" | "end";
  heading?: string;
  testId?: string;
  buttonProps?: Record<string, unknown>;
}

export function Menu({ label, items, children, align = "end", heading, testId, buttonProps }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => setOpen(false);
  const list = useAnchored<HTMLDivElement>(open, button, close, align);

  useLayoutEffect(() => {
    if (open) (options(list.current).find((one) => one.ariaChecked === "true") ?? options(list.current)[0])?.focus();
  }, [open]);

  function onKeyDown(event: KeyboardEvent) {
    const all = options(list.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const goes: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
    const to = goes[event.key];
    if (to !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      all[(to + all.length) % all.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close();
      button.current?.focus();
    }
  }
  function run(item: MenuItem) {
    close();
    button.current?.focus();
    item.run();
  }
  return (
    <>
      <button
        type="button"
        ref={button}
        class="icon-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        title={label}
        data-testid={testId}
        {...buttonProps}
        onClick={() => setOpen(!open)}
      >
        {children}
      </button>
      {open && (
        <div class="popover menu" role="menu" aria-label={label} ref={list} onKeyDown={onKeyDown}>
          {heading && <p class="menu-heading" role="presentation">{heading}</p>}
          {items.length === 0 && <p class="option-note">Nothing here.</p>}
          {items.map((item) => <Item key={item.key} item={item} onRun={() => run(item)} />)}
        </div>
      )}
    </>
  );
}

function options(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
}

function Item({ item, onRun }: { item: MenuItem; onRun: () => void }) {
  const content = (
    <>
      <span>{item.label}</span>
      {item.note && <small class="faint">{item.note}</small>}
    </>
  );
  const common = { class: `menu-item${item.danger ? " danger" : ""}`, tabIndex: -1, "data-key": item.key, onClick: onRun };
  if (item.href) {
    return <a role="menuitem" href={item.href} target="_blank" rel="noopener noreferrer" {...common}>{content}</a>;
  }
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  return <button type="button" role={role} aria-checked={item.checked} {...common}>{content}</button>;
}
