/**
 * Reads Slack's mrkdwn into a small tree. Nothing here makes HTML: the tree is drawn as elements,
 * so text from anywhere can never become markup.
 */

export type Inline =
  | { t: "text"; v: string }
  | { t: "br" }
  | { t: "bold" | "italic" | "strike"; c: Inline[] }
  | { t: "code"; v: string }
  | { t: "link"; href: string; c: Inline[] }
  | { t: "user" | "channel" | "special"; id: string; label: string | null }
  | { t: "date"; seconds: number; pattern: string; href: string | null; fallback: string }
  | { t: "emoji"; name: string };

export type Part =
  | { t: "text"; c: Inline[] }
  | { t: "quote"; c: Inline[] }
  | { t: "pre"; v: string };

const STYLES = { "*": "bold", _: "italic", "~": "strike" } as const;
const EMOJI_HERE = /^:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/i;
const SAFE_LINK = /^(https?:|mailto:|tel:|slack:)/i;

export function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** A web address that may be opened, or null. */
export function safeHref(url: string): string | null {
  const clean = url.trim();
  return SAFE_LINK.test(clean) ? clean : null;
}

export function parseMrkdwn(source: string): Part[] {
  const parts: Part[] = [];
  source.split("```").forEach((piece, index, all) => {
    const closed = index % 2 === 1 && index < all.length - 1;
    if (closed) parts.push({ t: "pre", v: unescape(plainControls(piece)).replace(/^\n|\n$/g, "") });
    else parts.push(...parseLines(index % 2 === 1 ? "```" + piece : trimAround(piece, index, all.length)));
  });
  return parts;
}

/** A code block is a block: the line breaks that only set it off are not shown. */
function trimAround(piece: string, index: number, count: number): string {
  let text = piece;
  if (index > 0) text = text.replace(/^\n/, "");
  if (index < count - 1) text = text.replace(/\n$/, "");
  return text;
}

function parseLines(text: string): Part[] {
  if (text === "") return [];
  const parts: Part[] = [];
  for (const line of text.split("\n")) {
    const quoted = /^(&gt;|>)\s?/.exec(line);
    const kind = quoted ? "quote" : "text";
    const inline = parseInline(quoted ? line.slice(quoted[0].length) : line);
    const last = parts.at(-1);
    if (last && last.t === kind) last.c.push({ t: "br" }, ...inline);
    else parts.push({ t: kind, c: inline });
  }
  return parts;
}

/** Slack shows links and mentions inside code as plain text. */
function plainControls(text: string): string {
  return text.replace(/<((?:[@#!]|https?:|mailto:|tel:)[^<>|\n]*)(?:\|([^<>\n]*))?>/gi, (_, target: string, label?: string) => label || target);
}

export function parseInline(text: string): Inline[] {
  const out: Inline[] = [];
  let plain = "";
  let at = 0;
  const flush = () => {
    if (plain) out.push({ t: "text", v: unescape(plain) });
    plain = "";
  };
  while (at < text.length) {
    const found = readToken(text, at);
    if (found) {
      flush();
      out.push(found.node);
      at += found.length;
    } else {
      plain += text[at++];
    }
  }
  flush();
  return out;
}

interface Found {
  node: Inline;
  length: number;
}

function readToken(text: string, at: number): Found | null {
  const char = text[at]!;
  if (char === "\n") return { node: { t: "br" }, length: 1 };
  if (char === "<") return readControl(text, at);
  if (char === "`") return readCode(text, at);
  if (char === ":") return readEmoji(text, at);
  if (char === "*" || char === "_" || char === "~") return readStyle(text, at, char);
  return null;
}

function readCode(text: string, at: number): Found | null {
  const match = /^`([^`\n]+)`/.exec(text.slice(at));
  return match && { node: { t: "code", v: unescape(plainControls(match[1]!)) }, length: match[0].length };
}

function readEmoji(text: string, at: number): Found | null {
  const match = EMOJI_HERE.exec(text.slice(at));
  return match && { node: { t: "emoji", name: match[1]!.toLowerCase() }, length: match[0].length };
}

const WORD = /[\p{L}\p{N}]/u;

function readStyle(text: string, at: number, mark: "*" | "_" | "~"): Found | null {
  if (WORD.test(text[at - 1] ?? "") || /[\s]|^$/.test(text[at + 1] ?? "") || text[at + 1] === mark) return null;
  for (let end = at + 2; end < text.length && text[end] !== "\n"; end++) {
    const inside = readOpaque(text, end);
    if (inside) {
      end += inside - 1;
    } else if (text[end] === mark && !/\s/.test(text[end - 1]!) && !WORD.test(text[end + 1] ?? "")) {
      const node: Inline = { t: STYLES[mark], c: parseInline(text.slice(at + 1, end)) };
      return { node, length: end + 1 - at };
    }
  }
  return null;
}

/** Length of a code span, control sequence or emoji here: style marks inside do not count. */
function readOpaque(text: string, at: number): number {
  const match = /^(?:`[^`\n]+`|<[^<>\n]+>|:[a-z0-9_+'-]+:)/i.exec(text.slice(at));
  return match ? match[0].length : 0;
}

function readControl(text: string, at: number): Found | null {
  const match = /^<([^<>\n]+)>/.exec(text.slice(at));
  if (!match) return null;
  const node = controlNode(match[1]!);
  return node && { node, length: match[0].length };
}

function controlNode(body: string): Inline | null {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? null : unescape(body.slice(bar + 1));
  if (/^@[UW]/.test(target)) return { t: "user", id: target.slice(1), label };
  if (target.startsWith("#")) return { t: "channel", id: target.slice(1), label };
  if (target.startsWith("!date^")) return dateNode(target, label ?? "");
  if (target.startsWith("!")) return { t: "special", id: target.slice(1), label };
  const href = safeHref(unescape(target));
  if (!href) return null;
  const shown = label || href.replace(/^(mailto:|tel:)/i, "");
  return { t: "link", href, c: [{ t: "text", v: shown }] };
}

function dateNode(target: string, fallback: string): Inline {
  const [, seconds, pattern, link] = target.split("^");
  const href = link ? safeHref(unescape(link)) : null;
  return { t: "date", seconds: Number(seconds), pattern: unescape(pattern ?? ""), href, fallback };
}
