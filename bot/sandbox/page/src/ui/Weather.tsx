/** How badly the pretended Slack behaves. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { set, setWeather, useStore } from "../store";
import type { Weather } from "../types";
import { Icon } from "./icons";

const CALM: Weather = {
  latency_ms: 0,
  error_rate: 0,
  rate_limit: false,
  force_429: 0,
  duplicate_delivery: 0,
  lose_answer_rate: 0,
  offline: false,
  slow_delivery_ms: 0,
  deaf: false,
  token_revoked: false,
};

/** Rate limits as in Slack are ordinary weather, so they do not count as rough. */
export function isCalm(weather: Weather): boolean {
  return (Object.keys(CALM) as (keyof Weather)[]).every((key) => key === "rate_limit" || weather[key] === CALM[key]);
}

interface Dial {
  key: keyof Weather;
  title: string;
  what: string;
  kind: "switch" | "percent" | "ms" | "count";
}

const DIALS: Dial[] = [
  { key: "latency_ms", title: "Slow answers", kind: "ms", what: "Each call of the bot to Slack takes this much longer." },
  { key: "slow_delivery_ms", title: "Slow delivery", kind: "ms", what: "Clicks, commands and events reach the bot this much later. Slack gives up after 3 seconds." },
  { key: "error_rate", title: "Errors", kind: "percent", what: "This share of the bot's calls fails with an internal error; nothing is done." },
  { key: "lose_answer_rate", title: "Lost answers", kind: "percent", what: "The call is carried out, but the connection drops before the bot hears so. A careless bot would post twice." },
  { key: "force_429", title: "Told to wait", kind: "percent", what: "This share of the bot's calls is refused with “rate limited, come back later”." },
  { key: "rate_limit", title: "Real rate limits", kind: "switch", what: "Slack's own limits per method, and one message per second and channel." },
  { key: "duplicate_delivery", title: "Double delivery", kind: "count", what: "The bot gets this many extra copies of each click, command and event." },
  { key: "deaf", title: "Deaf", kind: "switch", what: "Nothing that people do reaches the bot. It can still post." },
  { key: "token_revoked", title: "Token revoked", kind: "switch", what: "Slack no longer accepts the bot's token, as when somebody removed the app." },
  { key: "offline", title: "Slack is down", kind: "switch", what: "Every call of the bot fails to connect. Turn it off again and see it catch up." },
];

export function WeatherPanel() {
  const { snapshot, weatherOpen } = useStore();
  const panel = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (weatherOpen) panel.current?.querySelector<HTMLElement>("input")?.focus();
  }, [weatherOpen]);
  if (!weatherOpen || !snapshot) return null;
  const close = () => {
    set({ weatherOpen: false });
    document.querySelector<HTMLElement>("[data-testid=weather-button]")?.focus();
  };
  return (
    <aside class="weather" aria-label="Weather" ref={panel} data-testid="weather" onKeyDown={(event) => event.key === "Escape" && close()}>
      <header class="pane-head">
        <div class="pane-title">
          <h2>Weather</h2>
          <p class="topic">Make this pretended Slack misbehave and watch what the bot does.</p>
        </div>
        <button type="button" class="icon-button" aria-label="Close weather" onClick={close}><Icon name="close" /></button>
      </header>
      <div class="weather-body">
        {DIALS.map((dial) => <DialRow key={dial.key} dial={dial} weather={snapshot.weather} />)}
        <button type="button" class="button button-plain" data-testid="weather-calm" onClick={() => void setWeather({ ...CALM, rate_limit: snapshot.weather.rate_limit })}>
          Calm again
        </button>
      </div>
    </aside>
  );
}

function DialRow({ dial, weather }: { dial: Dial; weather: Weather }) {
  const value = weather[dial.key];
  const id = `weather-${dial.key}`;
  const put = (next: number | boolean) => void setWeather({ [dial.key]: next });
  const about = { id, "data-weather": dial.key, "aria-describedby": `${id}-what` };
  return (
    <div class="dial">
      <label for={id}>{dial.title}</label>
      {dial.kind === "switch" ? (
        <input {...about} type="checkbox" role="switch" checked={Boolean(value)} onChange={(event) => put(event.currentTarget.checked)} />
      ) : (
        <NumberDial about={about} dial={dial} value={Number(value)} onPut={put} />
      )}
      <p class="faint" id={`${id}-what`}>{dial.what}</p>
    </div>
  );
}

interface NumberDialProps {
  about: Record<string, string>;
  dial: Dial;
  value: number;
  onPut: (next: number) => void;
}

function NumberDial({ about, dial, value, onPut }: NumberDialProps) {
  const percent = dial.kind === "percent";
  const most = percent ? 100 : dial.kind === "count" ? 5 : 60_000;
  const step = percent ? 5 : dial.kind === "count" ? 1 : 100;
  const unit = percent ? "%" : dial.kind === "ms" ? "ms" : "copies";
  const onChange = (event: { currentTarget: HTMLInputElement }) => {
    const typed = Math.max(0, Math.min(most, Number(event.currentTarget.value) || 0));
    onPut(percent ? typed / 100 : Math.round(typed));
  };
  return (
    <span class="dial-number">
      <input {...about} class="field" type="number" min={0} max={most} step={step} value={percent ? Math.round(value * 100) : value} onChange={onChange} />
      <span>{unit}</span>
    </span>
  );
}
