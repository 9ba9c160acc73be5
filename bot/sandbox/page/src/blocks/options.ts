/** What a select menu offers, of whatever kind, in one shape. */
import { channelTitle, getState, nameOf, quietAct } from "../store";
import { plain } from "../text/Text";
import type { Channel, Container, Element, Option, OptionGroup, Value } from "../types";

export interface Choice {
  key: string;
  label: string;
  note: string;
  group: string;
  /** What the state holds when this is chosen: an id, or the whole option. */
  held: string | Option;
}

export function fromOptions(options: Option[] = [], groups: OptionGroup[] = []): Choice[] {
  const make = (group: string) => (option: Option): Choice => ({
    key: option.value,
    label: plain(option.text),
    note: plain(option.description),
    group,
    held: option,
  });
  return [...options.map(make("")), ...groups.flatMap((group) => group.options.map(make(plain(group.label))))];
}

function people(element: Element): Choice[] {
  return (getState().snapshot?.people ?? [])
    .filter((one) => !one.is_bot || !element.filter?.exclude_bot_users)
    .map((one) => ({ key: one.id, label: nameOf(one), note: one.title, group: "", held: one.id }));
}

function channelChoice(channel: Channel): Choice {
  const label = channel.is_im ? channelTitle(channel) : `#${channelTitle(channel)}`;
  return { key: channel.id, label, note: channel.is_private ? "private" : "", group: "", held: channel.id };
}

function conversations(element: Element): Choice[] {
  const include = element.filter?.include;
  const kind = (channel: Channel) => (channel.is_im ? "im" : channel.is_private ? "private" : "public");
  return (getState().snapshot?.channels ?? [])
    .filter((channel) => !channel.is_archived && (!include || include.includes(kind(channel))))
    .map(channelChoice);
}

function publicChannels(): Choice[] {
  return (getState().snapshot?.channels ?? [])
    .filter((channel) => !channel.is_archived && !channel.is_private && !channel.is_im)
    .map(channelChoice);
}

export function isExternal(element: Element): boolean {
  return element.type.endsWith("external_select");
}

/** Everything on offer without asking the app. */
export function offered(element: Element): Choice[] {
  if (element.type.endsWith("users_select")) return people(element);
  if (element.type.endsWith("conversations_select")) return conversations(element);
  if (element.type.endsWith("channels_select")) return publicChannels();
  return fromOptions(element.options, element.option_groups);
}

/** Asks the app what to offer for the typed text; throws an `Error` with words for the person. */
export async function suggested(element: Element, block: string, container: Container, typed: string): Promise<Choice[]> {
  const answer = await quietAct({
    do: "suggest",
    container,
    action_id: element.action_id,
    block_id: block,
    value: typed,
  });
  if (!answer.ok) throw new Error(answer.error ?? "The app did not answer.");
  return fromOptions(answer.options ?? [], answer.option_groups ?? []);
}

/** The choice that stands for what the state holds, also when it is no longer on offer. */
export function describe(held: string | Option, choices: Choice[]): Choice {
  const key = typeof held === "string" ? held : held.value;
  const known = choices.find((choice) => choice.key === key);
  if (known) return known;
  return { key, label: typeof held === "string" ? held : plain(held.text), note: "", group: "", held };
}

/** The state of a select for the chosen things, under the key that its type uses. */
export function toValue(type: string, held: (string | Option)[]): Omit<Value, "type"> {
  const many = type.startsWith("multi_");
  const noun = /users|channels|conversations/.exec(type)?.[0];
  const key = many ? `selected_${noun ?? "options"}` : `selected_${noun?.slice(0, -1) ?? "option"}`;
  return { [key]: many ? held : (held[0] ?? null) };
}
