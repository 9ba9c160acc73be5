/** A coloured square with initials; the bot shows the product's mark. */
import { nameOf } from "../store";
import type { Person } from "../types";

export function Avatar({ who, size = "normal" }: { who: Person | undefined; size?: "normal" | "small" }) {
  if (who?.is_bot) return <img class={`avatar ${size}`} src="/static/icon.svg" alt="" />;
  const color = cssColor(who?.color);
  const style = { backgroundColor: color, color: isLight(color) ? "#000000" : "#ffffff" };
  return <span class={`avatar ${size}`} style={style} aria-hidden="true">{initials(nameOf(who, "?"))}</span>;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return words.slice(0, 2).map((word) => word.charAt(0).toUpperCase()).join("");
}

function cssColor(color = ""): string {
  const hex = color.replace(/^#/, "");
  return /^[0-9a-f]{6}$/i.test(hex) ? `#${hex}` : "#5b6b78";
}

/** Whether black letters are easier to read on this colour (WCAG relative luminance). */
function isLight(hex: string): boolean {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179; // where black and white letters are equally easy to read, at 4.6 to 1
}
