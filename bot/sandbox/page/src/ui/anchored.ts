/** Places a popover next to its anchor, inside the window, and closes it on a click elsewhere. */
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

const GAP = 4;
const EDGE = 8;

export function useAnchored<T extends HTMLElement>(
  open: boolean,
  anchor: RefObject<HTMLElement | null>,
  onClose: () => void,
  align: "start" | "end" = "start",
): RefObject<T | null> {
  const popover = useRef<T>(null);
  useLayoutEffect(() => {
    if (open && popover.current && anchor.current) placeNextTo(popover.current, anchor.current, align);
  });
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent) => {
      const target = event.target as Node;
      if (!popover.current?.contains(target) && !anchor.current?.contains(target)) onClose();
    };
    const onScroll = (event: Event) => {
      if (event.target instanceof Node && popover.current?.contains(event.target)) return;
      if (popover.current && anchor.current) placeNextTo(popover.current, anchor.current, align);
    };
    document.addEventListener("pointerdown", onPointer, true);
    document.addEventListener("scroll", onScroll, true);
    window.addEventListener("resize", onClose);
    return () => {
      document.removeEventListener("pointerdown", onPointer, true);
      document.removeEventListener("scroll", onScroll, true);
      window.removeEventListener("resize", onClose);
    };
  });
  return popover;
}

function placeNextTo(popover: HTMLElement, anchor: HTMLElement, align: "start" | "end"): void {
  const box = anchor.getBoundingClientRect();
  const below = window.innerHeight - box.bottom - GAP - EDGE;
  const above = box.top - GAP - EDGE;
  popover.style.setProperty("--anchor-width", `${Math.min(box.width, window.innerWidth - 2 * EDGE)}px`);
  popover.style.maxHeight = "";
  const wanted = popover.scrollHeight + 2;
  const up = wanted > below && above > below;
  popover.style.maxHeight = `${Math.max(80, Math.min(up ? above : below, 360))}px`;
  const height = popover.offsetHeight;
  const left = align === "start" ? box.left : box.right - popover.offsetWidth;
  const most = window.innerWidth - popover.offsetWidth - EDGE;
  popover.style.left = `${Math.max(EDGE, Math.min(left, most))}px`;
  popover.style.top = `${up ? box.top - GAP - height : box.bottom + GAP}px`;
}
