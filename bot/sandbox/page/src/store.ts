/** The page's one state, and everything that changes it. Components read it with `useStore`. */
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { ActResult, Change, Channel, ConfirmObject, Message, Person, Snapshot, Weather } from "./types";

export type Place = { kind: "channel"; id: string } | { kind: "home" };

export interface Toast {
  id: number;
  tone: "error" | "notice";
  text: string;
}

export interface State {
  me: string;
  snapshot: Snapshot | null;
  place: Place;
  messages: Message[] | null;
  thread: { channel: string; ts: string; messages: Message[] | null } | null;
  toasts: Toast[];
  online: boolean;
  sidebarOpen: boolean;
  weatherOpen: boolean;
  confirm: { ask: ConfirmObject; answer: (yes: boolean) => void } | null;
  failure: string | null;
}

const FIRST_PERSON = "U01ADA";
const DEBOUNCE_MS = 30;

let state: State = {
  me: FIRST_PERSON,
  snapshot: null,
  place: { kind: "channel", id: "" },
  messages: null,
  thread: null,
  toasts: [],
  online: true,
  sidebarOpen: false,
  weatherOpen: false,
  confirm: null,
  failure: null,
};

const listeners = new Set<() => void>();
let stream: api.Stream | null = null;
let epoch = 0; // rises when the person or the place changes: answers to older questions are dropped
let nextToast = 1;

export function getState(): State {
  return state;
}

export function set(change: Partial<State>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

export function useStore(): State {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return state;
}

// --- reading ---------------------------------------------------------------------------------

interface Needs {
  messages: boolean;
  thread: boolean;
}

let pending: Needs | null = null;
let running: Promise<void> | null = null;

/** Fetches the snapshot and, where asked, the open channel and thread; many calls become one. */
export function refresh(needs: Partial<Needs> = { messages: true, thread: true }): Promise<void> {
  pending = {
    messages: Boolean(pending?.messages || needs.messages),
    thread: Boolean(pending?.thread || needs.thread),
  };
  running ??= refreshUntilQuiet().finally(() => (running = null));
  return running;
}

async function refreshUntilQuiet(): Promise<void> {
  while (pending) {
    const needs = pending;
    pending = null;
    await fetchOnce(needs);
  }
}

async function fetchOnce(needs: Needs): Promise<void> {
  const mine = epoch;
  const { me, thread } = state;
  try {
    const snapshot = await api.getSnapshot(me);
    if (mine !== epoch) return;
    const place = settle(state.place, snapshot);
    const moved = !samePlace(place, state.place);
    set({ snapshot, place, failure: null, ...(moved ? { messages: null, thread: null } : {}) });
    const channel = place.kind === "channel" ? place.id : null;
    const [messages, replies] = await Promise.all([
      channel && (needs.messages || moved) ? api.getMessages(me, channel) : null,
      thread && !moved && needs.thread ? api.getThread(me, thread.channel, thread.ts) : null,
    ]);
    if (mine !== epoch) return;
    if (messages) set({ messages: reuse(state.messages, messages) });
    if (replies && thread && state.thread?.ts === thread.ts) {
      set({ thread: { ...thread, messages: reuse(state.thread.messages, replies) } });
    }
    writeAddress();
    markRead();
  } catch (error) {
    if (mine !== epoch) return;
    set({ failure: (error as Error).message });
    if (!state.snapshot && me !== FIRST_PERSON) become(FIRST_PERSON); // an address from another workspace
  }
}

/** Keeps unchanged messages as the same objects, so that they are not drawn again. */
function reuse(before: Message[] | null, after: Message[]): Message[] {
  const known = new Map((before ?? []).map((message) => [message.ts, message]));
  return after.map((message) => {
    const old = known.get(message.ts);
    return old && JSON.stringify(old) === JSON.stringify(message) ? old : message;
  });
}

function settle(place: Place, snapshot: Snapshot): Place {
  if (place.kind === "home") return place;
  if (snapshot.channels.some((channel) => channel.id === place.id)) return place;
  const start = snapshot.channels.find((channel) => channel.name === "general") ?? snapshot.channels[0];
  return start ? { kind: "channel", id: start.id } : { kind: "home" };
}

function samePlace(a: Place, b: Place): boolean {
  return a.kind === b.kind && (a.kind === "home" || a.id === (b as typeof a).id);
}

let reading = "";

function markRead(): void {
  const channel = currentChannel();
  const last = state.messages?.at(-1)?.ts ?? "";
  const key = `${state.me}|${channel?.id}|${last}|${channel?.unread}`;
  if (!channel?.unread || document.hidden || key === reading) return;
  reading = key;
  void api.postAct(state.me, { do: "read", channel: channel.id });
}

let changeTimer: number | undefined;
let changeNeeds: Needs = { messages: false, thread: false };

function onChange(change: Change): void {
  if (change.what === "notice") {
    toast("notice", change.text ?? "");
    return;
  }
  const here = state.place.kind === "channel" ? state.place.id : null;
  const touchesText = change.what === "messages" || change.what === "channels";
  changeNeeds.messages ||= touchesText && (!change.channel || change.channel === here);
  changeNeeds.thread ||= touchesText && (!change.channel || change.channel === state.thread?.channel);
  changeTimer ??= window.setTimeout(() => {
    const needs = changeNeeds;
    changeTimer = undefined;
    changeNeeds = { messages: false, thread: false };
    void refresh(needs);
  }, DEBOUNCE_MS);
}

// --- moving about ----------------------------------------------------------------------------

export function start(): void {
  readAddress();
  connect();
  void refresh();
  document.addEventListener("visibilitychange", markRead);
  window.addEventListener("hashchange", () => {
    const before = { me: state.me, place: state.place };
    readAddress();
    if (before.me !== state.me) becomeNow();
    else if (!samePlace(before.place, state.place)) arrive();
  });
}

function connect(): void {
  stream?.close();
  stream = new api.Stream(state.me, onChange, (online) => {
    set({ online });
    if (online) void refresh();
  });
}

/** The address holds who and where (`#/U01ADA/C123`), so that a reload or a second window works. */
function readAddress(): void {
  const [, me, where] = location.hash.split("/");
  if (!me) return;
  set({ me, place: where === "home" ? { kind: "home" } : { kind: "channel", id: where ?? "" } });
}

function writeAddress(): void {
  const where = state.place.kind === "home" ? "home" : state.place.id;
  const hash = `#/${state.me}/${where}`;
  if (location.hash !== hash) history.replaceState(null, "", hash);
}

export function become(person: string): void {
  if (person === state.me) return;
  set({ me: person });
  becomeNow();
}

function becomeNow(): void {
  epoch++;
  set({ messages: null, thread: null, confirm: null });
  connect();
  void refresh();
}

export function goTo(place: Place): void {
  set({ sidebarOpen: false });
  if (samePlace(place, state.place)) return;
  set({ place });
  arrive();
}

function arrive(): void {
  epoch++;
  set({ messages: null, thread: null });
  void refresh();
}

export async function openHome(): Promise<void> {
  goTo({ kind: "home" });
  await act({ do: "open_home" });
}

export async function openDirect(user: string): Promise<void> {
  const known = state.snapshot?.channels.find((channel) => channel.is_im && channel.with === user);
  if (known) return goTo({ kind: "channel", id: known.id });
  const answer = await act({ do: "open_dm", user });
  await refresh();
  const made = state.snapshot?.channels.find((channel) => channel.is_im && channel.with === user);
  const id = answer.channel ?? made?.id;
  if (id) goTo({ kind: "channel", id });
}

export function openThread(channel: string, ts: string): void {
  set({ thread: { channel, ts, messages: null } });
  void refresh({ thread: true });
}

export function closeThread(): void {
  set({ thread: null });
}

// --- doing -----------------------------------------------------------------------------------

/** Does something as the present person, shows what went wrong, and looks at the result. */
export async function act(body: Record<string, unknown>): Promise<ActResult> {
  const answer = await quietAct(body);
  if (!answer.ok) toast("error", answer.error ?? "That did not work.");
  return answer;
}

/** The same without a message on failure, for callers that show it themselves. */
export async function quietAct(body: Record<string, unknown>): Promise<ActResult> {
  const answer = await api.postAct(state.me, body);
  if (body.do !== "suggest") void refresh();
  return answer;
}

export async function setWeather(change: Partial<Weather>): Promise<void> {
  const before = state.snapshot;
  if (!before) return;
  const weather = { ...before.weather, ...change };
  set({ snapshot: { ...before, weather } });
  try {
    await api.postWeather(weather);
  } catch (error) {
    set({ snapshot: state.snapshot && { ...state.snapshot, weather: before.weather } });
    toast("error", (error as Error).message);
  }
}

export function toast(tone: Toast["tone"], text: string): void {
  if (!text) return;
  const id = nextToast++;
  const others = state.toasts.filter((other) => other.text !== text).slice(-3);
  set({ toasts: [...others, { id, tone, text }] });
  window.setTimeout(() => dropToast(id), tone === "error" ? 12000 : 9000);
}

export function dropToast(id: number): void {
  set({ toasts: state.toasts.filter((toast) => toast.id !== id) });
}

/** Asks "are you sure" with the words of a Block Kit confirm object. */
export function askConfirm(ask: ConfirmObject | undefined): Promise<boolean> {
  if (!ask) return Promise.resolve(true);
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      set({ confirm: null });
      resolve(yes);
    };
    set({ confirm: { ask, answer } });
  });
}

// --- looking things up -----------------------------------------------------------------------

export function currentChannel(): Channel | null {
  const { place, snapshot } = state;
  if (place.kind !== "channel") return null;
  return snapshot?.channels.find((channel) => channel.id === place.id) ?? null;
}

export function person(id: string): Person | undefined {
  return state.snapshot?.people.find((one) => one.id === id);
}

export function theBot(): Person | undefined {
  return state.snapshot?.people.find((one) => one.is_bot);
}

export function channelTitle(channel: Channel): string {
  if (!channel.is_im) return channel.name;
  const other = person(channel.with ?? "");
  return other ? nameOf(other) : channel.name;
}

export function nameOf(one: Person | undefined, id = ""): string {
  return one ? one.real_name || one.name : id;
}
