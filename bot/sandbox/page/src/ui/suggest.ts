/** What the composer suggests while somebody types. Pure, so that it can be tested by a table. */
import type { Channel, Command, Person, Verb } from "../types";

export interface Suggestion {
  key: string;
  title: string;
  note: string;
  /** The text of the composer after the suggestion was taken. */
  text: string;
}

/** The verbs of a command: as the server lists them, else as the usage hint names them. */
export function verbsOf(command: Command): Verb[] {
  if (command.verbs?.length) {
    return command.verbs.map((verb) => (typeof verb === "string" ? { verb } : verb));
  }
  const hint = (command.usage_hint ?? "").replace(/^\[(.*)\]$/, "$1");
  if (!hint.includes("|")) return [];
  return hint
    .split("|")
    .map((part) => part.trim())
    .filter((part) => /^[a-z]/i.test(part))
    .map((usage) => ({ verb: usage.split(/\s/)[0]!, usage }));
}

function commandSuggestions(text: string, commands: Command[]): Suggestion[] {
  return commands
    .filter((command) => command.command.startsWith(text.toLowerCase()))
    .map((command) => ({
      key: command.command,
      title: `${command.command} ${command.usage_hint ?? ""}`.trim(),
      note: command.description,
      text: `${command.command} `,
    }));
}

function verbSuggestions(text: string, commands: Command[]): Suggestion[] {
  const match = /^(\/\S+) (\S*)$/.exec(text);
  const command = match && commands.find((one) => one.command === match[1]!.toLowerCase());
  if (!match || !command) return [];
  return verbsOf(command)
    .filter((verb) => verb.verb.startsWith(match[2]!.toLowerCase()))
    .map((verb) => ({
      key: verb.verb,
      title: `${command.command} ${verb.usage ?? verb.verb}`,
      note: verb.description ?? "",
      text: `${command.command} ${verb.verb} `,
    }));
}

function mentionSuggestions(text: string, people: Person[], channels: Channel[]): Suggestion[] {
  const match = /(^|\s)([@#])([\w.-]*)$/.exec(text);
  if (!match) return [];
  const [, , sign, typed = ""] = match;
  const before = text.slice(0, text.length - typed.length);
  const names =
    sign === "@"
      ? people.map((one) => ({ name: one.name, also: one.real_name, note: `${one.real_name} · ${one.title}` }))
      : channels.filter((one) => !one.is_im).map((one) => ({ name: one.name, also: one.name, note: one.topic }));
  const wanted = typed.toLowerCase();
  return names
    .filter((one) => one.name.toLowerCase().startsWith(wanted) || one.also.toLowerCase().startsWith(wanted))
    .slice(0, 8)
    .map((one) => ({ key: one.name, title: `${sign}${one.name}`, note: one.note, text: `${before}${one.name} ` }));
}

export interface Known {
  commands: Command[];
  people: Person[];
  channels: Channel[];
}

export function suggest(text: string, known: Known): Suggestion[] {
  if (text.startsWith("/") && !text.includes("\n")) {
    const first = text.includes(" ") ? verbSuggestions(text, known.commands) : commandSuggestions(text, known.commands);
    if (first.length || !text.includes(" ")) return first;
  }
  return mentionSuggestions(text, known.people, known.channels);
}

/** Stored text as somebody would type it: for editing a message, and for one-line summaries. */
export function decode(text: string, known: Known): string {
  const name = (list: { id: string; name: string }[], id: string) => list.find((one) => one.id === id)?.name;
  return text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (whole, id: string) => (name(known.people, id) ? `@${name(known.people, id)}` : whole))
    .replace(/<#(\w+)(?:\|[^>]*)?>/g, (whole, id: string) => (name(known.channels, id) ? `#${name(known.channels, id)}` : whole))
    .replace(/<!subteam\^\w+\|(@[^>]*)>/g, "$1")
    .replace(/<!(here|channel|everyone)(?:\|[^>]*)?>/g, "@$1")
    .replace(/<(https?:[^|>]+)>/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
