/** The few line icons of the page. They are decoration: the control around them carries the name. */
const PATHS = {
  more: "M5 12h.01M12 12h.01M19 12h.01",
  down: "m6 9 6 6 6-6",
  close: "M6 6l12 12M18 6 6 18",
  back: "m14 6-6 6 6 6",
  menu: "M4 7h16M4 12h16M4 17h16",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z",
  hash: "M9 4 7 20M17 4l-2 16M4 9h16M4 15h16",
  pin: "M9 4h6l-1 6 4 3v2H6v-2l4-3zM12 15v6",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6M18 14.5c2 .8 3.2 2.6 3.5 5.5",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5c2 2.5 5 2.5 7 0M9 9.5h.01M15 9.5h.01",
  thread: "M4 5h16v11H10l-5 4v-4H4z",
  send: "M4 12 20 4l-5 16-3.5-6.5z",
  cloud: "M7 18h10a4 4 0 0 0 .5-8A6 6 0 0 0 6 9.5 4.3 4.3 0 0 0 7 18z",
  bookmark: "M7 4h10v16l-5-4-5 4z",
  outside: "M14 5h5v5M19 5l-8 8M17 14v5H5V7h5",
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
  plus: "M12 5v14M5 12h14",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
