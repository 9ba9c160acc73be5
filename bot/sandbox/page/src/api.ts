/** Talks to the sandbox server on the same address. */
import type { ActResult, Change, Message, Snapshot, Weather } from "./types";

const SILENT = "The sandbox did not answer. Is it still running?";

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(path, { cache: "no-store", ...init });
  const body: unknown = await answer.json().catch(() => null);
  if (body === null || (!answer.ok && !(body as ActResult).error)) {
    throw new Error(`The sandbox answered ${answer.status} to ${path.split("?")[0]}.`);
  }
  return body as T;
}

function query(values: Record<string, string>): string {
  return new URLSearchParams(values).toString();
}

function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Sandbox": "1" },
    body: JSON.stringify(body),
  });
}

export async function getSnapshot(me: string): Promise<Snapshot> {
  return accepted(await request<Snapshot & ActResult>(`/ui/snapshot?${query({ as: me })}`));
}

export async function getMessages(me: string, channel: string): Promise<Message[]> {
  const path = `/ui/messages?${query({ as: me, channel })}`;
  return accepted(await request<{ messages: Message[] } & ActResult>(path)).messages;
}

export async function getThread(me: string, channel: string, ts: string): Promise<Message[]> {
  const path = `/ui/thread?${query({ as: me, channel, ts })}`;
  return accepted(await request<{ messages: Message[] } & ActResult>(path)).messages;
}

export async function postWeather(weather: Weather): Promise<Weather> {
  return accepted(await post<Weather & ActResult>("/ui/weather", weather));
}

function accepted<T extends { ok?: boolean; error?: string }>(answer: T): T {
  if (answer.ok === false) throw new Error(answer.error ?? SILENT);
  return answer;
}

/** Does something as a person. Never throws: a server that is gone is an answer with `ok: false`. */
export async function postAct(me: string, body: Record<string, unknown>): Promise<ActResult> {
  try {
    return await post<ActResult>("/ui/act", { as: me, ...body });
  } catch (error) {
    return { ok: false, error: error instanceof TypeError ? SILENT : String((error as Error).message) };
  }
}

/** A connection that comes back by itself. `onUp` runs at every (re)connect. */
export class Stream {
  #socket: WebSocket | null = null;
  #retry = 0;
  #timer: number | undefined;
  #closed = false;

  constructor(
    private readonly me: string,
    private readonly onChange: (change: Change) => void,
    private readonly onUp: (up: boolean) => void,
  ) {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    window.clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ui/stream?${query({ as: this.me })}`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#retry = 0;
      if (!this.#closed) this.onUp(true);
    };
    socket.onmessage = (event) => {
      if (!this.#closed) this.onChange(JSON.parse(String(event.data)) as Change);
    };
    socket.onclose = () => this.#again();
  }

  #again(): void {
    if (this.#closed) return;
    this.onUp(false);
    const wait = Math.min(5000, 300 * 2 ** this.#retry++);
    this.#timer = window.setTimeout(() => this.#connect(), wait);
  }
}
