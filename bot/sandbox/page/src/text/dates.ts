/** Times in the reader's zone: message times and Slack's `<!date^...>` tokens. */

export function clockTime(ts: string | number): string {
  return toDate(ts).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function fullTime(ts: string | number): string {
  return toDate(ts).toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
}

export function dayTitle(ts: string | number, now = new Date()): string {
  const date = toDate(ts);
  return relativeDay(date, now) ?? format(date, { weekday: "long", month: "long", day: "numeric" });
}

export function dayKey(ts: string | number): string {
  return toDate(ts).toDateString();
}

function toDate(ts: string | number): Date {
  return new Date(Number(ts) * 1000);
}

function format(date: Date, options: Intl.DateTimeFormatOptions): string {
  return date.toLocaleDateString([], options);
}

function relativeDay(date: Date, now: Date): string | null {
  const days = Math.round((midnight(date) - midnight(now)) / 86_400_000);
  return days === 0 ? "Today" : days === -1 ? "Yesterday" : days === 1 ? "Tomorrow" : null;
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

const LONG: Intl.DateTimeFormatOptions = { weekday: "long", year: "numeric", month: "long", day: "numeric" };
const MEDIUM: Intl.DateTimeFormatOptions = { year: "numeric", month: "long", day: "numeric" };
const SHORT: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "numeric" };

const TOKENS: Record<string, (date: Date, now: Date) => string> = {
  date_num: (date) => isoDay(date),
  date_slash: (date) => format(date, { year: "numeric", month: "2-digit", day: "2-digit" }),
  date: (date) => format(date, MEDIUM),
  date_short: (date) => format(date, SHORT),
  date_long: (date) => format(date, LONG),
  date_pretty: (date, now) => relativeDay(date, now)?.toLowerCase() ?? format(date, MEDIUM),
  date_short_pretty: (date, now) => relativeDay(date, now)?.toLowerCase() ?? format(date, SHORT),
  date_long_pretty: (date, now) => relativeDay(date, now)?.toLowerCase() ?? format(date, LONG),
  time: (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
  time_secs: (date) =>
    date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago: (date, now) => ago(date, now),
};

function isoDay(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function ago(date: Date, now: Date): string {
  const seconds = Math.round((date.getTime() - now.getTime()) / 1000);
  const words = new Intl.RelativeTimeFormat([], { numeric: "auto" });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86400], ["hour", 3600], ["minute", 60]];
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(seconds, "second");
}

/** Fills `{date_short} at {time}` and the like; returns null when a token or the time is unknown. */
export function fillDateFormat(seconds: number, pattern: string, now = new Date()): string | null {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const filled = pattern.replace(/\{(\w+)\}/g, (_, token: string) => {
    const fill = TOKENS[token];
    known &&= Boolean(fill);
    return fill ? fill(date, now) : "";
  });
  return known ? sentenceStart(pattern, filled) : null;
}

function sentenceStart(pattern: string, filled: string): string {
  return pattern.startsWith("{") ? filled.charAt(0).toUpperCase() + filled.slice(1) : filled;
}
