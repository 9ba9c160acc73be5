/** Who you are, the global shortcuts, the weather. */
import { useEffect } from "preact/hooks";
import { act, become, nameOf, set, useStore } from "../store";
import { Avatar } from "./Avatar";
import { Icon } from "./icons";
import { Menu } from "./Menu";
import { isCalm } from "./Weather";

export function TopBar() {
  const { snapshot, weatherOpen } = useStore();
  const shortcuts = (snapshot?.shortcuts ?? []).filter((shortcut) => shortcut.type === "global");
  const calm = !snapshot || isCalm(snapshot.weather);
  return (
    <header class="topbar">
      <p class="brand"><img src="/static/icon.svg" alt="" /> <span>Steadyhand sandbox</span></p>
      <PersonSwitch />
      <Menu
        label="Shortcuts"
        heading="Shortcuts"
        testId="global-shortcuts"
        items={shortcuts.map((shortcut) => ({
          key: shortcut.callback_id,
          label: shortcut.name,
          note: shortcut.description,
          run: () => void act({ do: "global_shortcut", callback_id: shortcut.callback_id }),
        }))}
      >
        <Icon name="bolt" />
      </Menu>
      <button
        type="button"
        class={calm ? "icon-button weather-button" : "icon-button weather-button rough"}
        aria-expanded={weatherOpen}
        data-testid="weather-button"
        onClick={() => set({ weatherOpen: !weatherOpen })}
      >
        <Icon name="cloud" /> <span>{calm ? "Weather: calm" : "Weather: rough"}</span>
      </button>
    </header>
  );
}

/** A row of people. Alt+1 to Alt+9 switch from anywhere. */
function PersonSwitch() {
  const { snapshot, me } = useStore();
  const people = (snapshot?.people ?? []).filter((one) => !one.is_bot);
  const current = people.find((one) => one.id === me);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.altKey && !event.ctrlKey && !event.metaKey ? people[Number(event.code.replace("Digit", "")) - 1] : undefined;
      if (!target) return;
      event.preventDefault();
      become(target.id);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [people.length]);
  return (
    <div class="person-switch" data-testid="person-switch" data-me={me}>
      <Menu
        label="Switch person"
        heading="Act and see as"
        align="start"
        testId="person-button"
        buttonProps={{ class: "person-button", "aria-label": undefined, title: "Switch person" }}
        items={people.map((one, index) => ({
          key: one.id,
          label: <span class="person-row"><Avatar who={one} size="small" /> {nameOf(one)} <kbd>Alt {index + 1}</kbd></span>,
          note: one.title,
          checked: one.id === me,
          run: () => become(one.id),
        }))}
      >
        <Avatar who={current} size="small" />
        <span class="person-words"><span class="faint">You are</span> <strong>{nameOf(current)}</strong> <span class="faint person-title">{current?.title}</span></span>
        <Icon name="down" />
      </Menu>
    </div>
  );
}
