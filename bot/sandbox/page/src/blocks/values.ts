/** The state of inputs: how a value starts, what it looks like when sent, and whether it will do. */
import type { Block, Element, Option, Value, Values } from "../types";

/** The elements of a block that can be operated, in order. */
export function blockElements(block: Block): Element[] {
  if (block.type === "input") return block.element ? [block.element] : [];
  if (block.type === "section") return block.accessory ? [block.accessory] : [];
  if (block.type === "actions") return block.elements ?? [];
  return [];
}

const STARTS: Record<string, (element: Element) => Omit<Value, "type">> = {
  plain_text_input: (e) => ({ value: e.initial_value ?? null }),
  number_input: (e) => ({ value: e.initial_value ?? null }),
  email_text_input: (e) => ({ value: e.initial_value ?? null }),
  url_text_input: (e) => ({ value: e.initial_value ?? null }),
  static_select: (e) => ({ selected_option: e.initial_option ?? null }),
  external_select: (e) => ({ selected_option: e.initial_option ?? null }),
  radio_buttons: (e) => ({ selected_option: e.initial_option ?? null }),
  checkboxes: (e) => ({ selected_options: e.initial_options ?? [] }),
  multi_static_select: (e) => ({ selected_options: e.initial_options ?? [] }),
  multi_external_select: (e) => ({ selected_options: e.initial_options ?? [] }),
  users_select: (e) => ({ selected_user: e.initial_user ?? null }),
  multi_users_select: (e) => ({ selected_users: e.initial_users ?? [] }),
  channels_select: (e) => ({ selected_channel: e.initial_channel ?? null }),
  multi_channels_select: (e) => ({ selected_channels: e.initial_channels ?? [] }),
  conversations_select: (e) => ({ selected_conversation: e.initial_conversation ?? null }),
  multi_conversations_select: (e) => ({ selected_conversations: e.initial_conversations ?? [] }),
  datepicker: (e) => ({ selected_date: e.initial_date ?? null }),
  timepicker: (e) => ({ selected_time: e.initial_time ?? null }),
  datetimepicker: (e) => ({ selected_date_time: e.initial_date_time ?? null }),
};

/** The untouched value, or null for elements without state (buttons, overflow, images). */
export function initialValue(element: Element): Value | null {
  const start = STARTS[element.type];
  return start ? { type: element.type, ...start(element) } : null;
}

/**
 * All values of the blocks. What a person changed stays as long as an element with the same block_id,
 * action_id and type is there, also when the app updates the view: that is what Slack does.
 */
export function collect(blocks: Block[], changed: Values): Values {
  const values: Values = {};
  for (const block of blocks) {
    for (const element of blockElements(block)) {
      const start = initialValue(element);
      if (!start || !block.block_id || !element.action_id) continue;
      const own = changed[block.block_id]?.[element.action_id];
      const value = own?.type === element.type ? own : start;
      (values[block.block_id] ??= {})[element.action_id] = value;
    }
  }
  return values;
}

/** What is chosen in a select of any kind, as a list. */
export function chosen(value: Value | undefined): (string | Option)[] {
  if (!value) return [];
  const one = value.selected_option ?? value.selected_user ?? value.selected_channel ?? value.selected_conversation;
  if (one) return [one];
  return (
    value.selected_options ?? value.selected_users ?? value.selected_channels ?? value.selected_conversations ?? []
  );
}

export function isEmpty(value: Value): boolean {
  if (value.type.startsWith("multi_") || value.type === "checkboxes") return chosen(value).length === 0;
  const own = Object.entries(value).filter(([key]) => key !== "type");
  return own.every(([, content]) => content === null || content === undefined || content === "");
}

/** What Slack itself would refuse before it asks the app: block_id to words. */
export function check(blocks: Block[], values: Values): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const block of blocks) {
    const element = block.element;
    if (block.type !== "input" || !element || !block.block_id) continue;
    const value = values[block.block_id]?.[element.action_id ?? ""];
    if (!value) continue;
    const fault = isEmpty(value) ? missing(block) : checkText(element, value.value ?? "");
    if (fault) errors[block.block_id] = fault;
  }
  return errors;
}

function missing(block: Block): string | null {
  return block.optional ? null : "Please complete this required field.";
}

function checkText(element: Element, text: string): string | null {
  if (element.type === "number_input") return checkNumber(element, text);
  if (element.type === "email_text_input") {
    return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) ? null : "Enter a valid email address.";
  }
  if (element.type === "url_text_input") {
    return /^https?:\/\/\S+$/i.test(text) ? null : "Enter a full web address, starting with https://";
  }
  return element.type === "plain_text_input" ? checkLength(element, text) : null;
}

function checkLength(element: Element, text: string): string | null {
  const length = [...text].length;
  if (element.min_length && length < element.min_length) {
    return `Write at least ${element.min_length} characters.`;
  }
  const most = element.max_length ?? 3000;
  return length > most ? `Write at most ${most} characters (now ${length}).` : null;
}

function checkNumber(element: Element, text: string): string | null {
  const number = Number(text);
  if (Number.isNaN(number)) return "Enter a number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Enter a whole number.";
  if (element.min_value !== undefined && number < Number(element.min_value)) return `At least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value)) return `At most ${element.max_value}.`;
  return null;
}
