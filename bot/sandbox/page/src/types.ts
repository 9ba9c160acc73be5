/** What the sandbox server answers (its `/ui/...` addresses) and the Block Kit parts the page shows. */

export interface Person {
  id: string;
  name: string;
  real_name: string;
  title: string;
  is_bot: boolean;
  color: string;
}

export interface Bookmark {
  id: string;
  title: string;
  link: string;
}

export interface Channel {
  id: string;
  name: string;
  is_private: boolean;
  is_archived: boolean;
  is_im: boolean;
  topic: string;
  purpose: string;
  members: string[];
  bookmarks: Bookmark[];
  pins: string[];
  unread: number;
  with: string | null;
}

/** One word after a slash command, e.g. `open` of `/incident open`. */
export interface Verb {
  verb: string;
  usage?: string;
  description?: string;
}

export interface Command {
  command: string;
  description: string;
  usage_hint?: string;
  verbs?: (Verb | string)[];
}

export interface Shortcut {
  name: string;
  type: "message" | "global";
  callback_id: string;
  description: string;
}

export interface Weather {
  latency_ms: number;
  error_rate: number;
  rate_limit: boolean;
  force_429: number;
  duplicate_delivery: number;
  lose_answer_rate: number;
  offline: boolean;
  slow_delivery_ms: number;
  deaf: boolean;
  token_revoked: boolean;
}

export interface View {
  id: string;
  type: "modal" | "home";
  hash?: string;
  title?: TextObject;
  submit?: TextObject | null;
  close?: TextObject | null;
  blocks: Block[];
  callback_id?: string;
  errors?: Record<string, string> | null;
}

export interface Snapshot {
  me: Person;
  people: Person[];
  team: { id: string; name: string };
  now: number;
  channels: Channel[];
  commands: Command[];
  shortcuts: Shortcut[];
  views: View[];
  home: View | null;
  weather: Weather;
  delivery: "http" | "socket" | "none";
  version: number;
}

export interface Reaction {
  name: string;
  users: string[];
}

export interface Attachment {
  color?: string;
  pretext?: string;
  title?: string;
  title_link?: string;
  text?: string;
  fallback?: string;
  blocks?: Block[];
}

export interface FileInfo {
  id: string;
  name?: string;
  title?: string;
  size?: number;
}

export interface Message {
  ts: string;
  channel: string;
  user: string;
  text: string;
  blocks: Block[] | null;
  attachments?: Attachment[] | null;
  files?: FileInfo[] | null;
  thread_ts: string | null;
  reply_count: number;
  reactions: Reaction[];
  edited: boolean;
  deleted: boolean;
  ephemeral: boolean;
  is_bot: boolean;
  pinned: boolean;
  subtype: string | null;
}

export interface Change {
  type: string;
  version?: number;
  channel?: string;
  what: "messages" | "channels" | "views" | "home" | "weather" | "notice";
  text?: string;
}

export interface ActResult {
  ok: boolean;
  error?: string;
  /** Whether the app answered in time, where it was told. */
  acknowledged?: boolean;
  errors?: Record<string, string>;
  channel?: string;
  options?: Option[];
  option_groups?: OptionGroup[];
}

/** Where a button or menu was used: a message, or a modal or Home view. */
export type Container = { channel: string; ts: string } | { view_id: string };

// --- Block Kit -------------------------------------------------------------------------------

export interface TextObject {
  type: "plain_text" | "mrkdwn" | "raw_text";
  text: string;
  emoji?: boolean;
  verbatim?: boolean;
}

export interface Option {
  text: TextObject;
  value: string;
  description?: TextObject;
  url?: string;
}

export interface OptionGroup {
  label: TextObject;
  options: Option[];
}

export interface ConfirmObject {
  title: TextObject;
  text: TextObject;
  confirm: TextObject;
  deny: TextObject;
  style?: "primary" | "danger";
}

/** One interactive or display element. Fields that a type does not have are absent. */
export interface Element {
  type: string;
  action_id?: string;
  block_id?: string;
  text?: TextObject | string;
  value?: string;
  url?: string;
  style?: string;
  confirm?: ConfirmObject;
  accessibility_label?: string;
  placeholder?: TextObject;
  options?: Option[];
  option_groups?: OptionGroup[];
  initial_option?: Option;
  initial_options?: Option[];
  initial_user?: string;
  initial_users?: string[];
  initial_channel?: string;
  initial_channels?: string[];
  initial_conversation?: string;
  initial_conversations?: string[];
  initial_date?: string;
  initial_time?: string;
  initial_date_time?: number;
  initial_value?: string;
  max_selected_items?: number;
  min_query_length?: number;
  multiline?: boolean;
  min_length?: number;
  max_length?: number;
  min_value?: string;
  max_value?: string;
  is_decimal_allowed?: boolean;
  focus_on_load?: boolean;
  dispatch_action_config?: { trigger_actions_on?: string[] };
  filter?: { include?: string[]; exclude_bot_users?: boolean };
  image_url?: string;
  alt_text?: string;
  elements?: Element[];
}

export interface Block {
  type: string;
  block_id?: string;
  text?: TextObject | string;
  fields?: TextObject[];
  accessory?: Element;
  elements?: Element[];
  element?: Element;
  label?: TextObject;
  hint?: TextObject;
  optional?: boolean;
  dispatch_action?: boolean;
  image_url?: string;
  alt_text?: string;
  title?: TextObject;
  title_url?: string;
  rows?: Element[][];
  column_settings?: ({ align?: string; is_wrapped?: boolean } | null)[];
}

/** The state of one element, as Slack sends it in `view.state.values[block_id][action_id]`. */
export interface Value {
  type: string;
  value?: string | null;
  selected_option?: Option | null;
  selected_options?: Option[];
  selected_user?: string | null;
  selected_users?: string[];
  selected_channel?: string | null;
  selected_channels?: string[];
  selected_conversation?: string | null;
  selected_conversations?: string[];
  selected_date?: string | null;
  selected_time?: string | null;
  selected_date_time?: number | null;
  rich_text_value?: unknown;
}

export type Values = Record<string, Record<string, Value>>;
