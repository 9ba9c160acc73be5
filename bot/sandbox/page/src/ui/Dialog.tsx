/** A native modal dialog: the browser keeps the focus inside; the focus goes back at the end. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  label?: string;
  labelledBy?: string;
  className?: string;
  role?: "dialog" | "alertdialog";
  testId: string;
  /** Changes when other content is shown in the same dialog: the focus then starts anew. */
  content?: string;
  onCancel: () => void;
  children: ComponentChildren;
}

const FOCUSABLE =
  "[data-autofocus=true], .modal-body input:not([type=hidden]), .modal-body textarea, .modal-body button, .modal-body a[href]";

export function Dialog({ label, labelledBy, className = "", role = "dialog", testId, content, onCancel, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const opener = useRef<HTMLElement | null>(null);

  useLayoutEffect(() => {
    opener.current = document.activeElement as HTMLElement | null;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      shown?.close(); // until then nothing outside can take the focus
      giveBack(opener.current);
    };
  }, []);
  useLayoutEffect(() => focusFirst(dialog.current), [content]);

  const cancel = (event: Event) => {
    event.preventDefault();
    onCancel();
  };
  return (
    <dialog
      ref={dialog}
      role={role}
      class={`dialog ${className}`}
      aria-label={label}
      aria-labelledby={labelledBy}
      data-testid={testId}
      onCancel={cancel}
      onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && cancel(event)}
    >
      {children}
    </dialog>
  );
}

function focusFirst(dialog: HTMLDialogElement | null): void {
  const wanted = dialog?.querySelector<HTMLElement>("[data-autofocus=true]") ?? dialog?.querySelector<HTMLElement>(FOCUSABLE);
  (wanted ?? dialog?.querySelector<HTMLElement>("button"))?.focus();
}

function giveBack(opener: HTMLElement | null): void {
  const composer = document.querySelector<HTMLElement>("[data-testid=composer]");
  const target = opener && opener !== document.body && opener.isConnected ? opener : composer;
  target?.focus({ preventScroll: true });
}
