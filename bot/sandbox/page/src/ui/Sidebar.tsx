/** Channels, drills, private channels, the bot and direct messages. */
import type { ComponentChildren } from "preact";
import { channelTitle, goTo, nameOf, openDirect, openHome, person, set, theBot, useStore } from "../store";
import type { Channel } from "../types";
import { Avatar } from "./Avatar";
import { Icon } from "./icons";
import { Menu } from "./Menu";

export function isDrill(channel: Channel): boolean {
  return /(^|-)drill(-|$)/.test(channel.name);
}

export function isIncident(channel: Channel): boolean {
  return channel.name.startsWith("inc-") && !isDrill(channel);
}

export function Sidebar() {
  const { snapshot, place, me, sidebarOpen } = useStore();
  if (!snapshot) return null;
  const open = snapshot.channels.filter((channel) => !channel.is_im && !channel.is_archived);
  const archived = snapshot.channels.filter((channel) => !channel.is_im && channel.is_archived);
  const direct = snapshot.channels.filter((channel) => channel.is_im);
  const bot = theBot();
  return (
    <>
      {sidebarOpen && <div class="veil" onClick={() => set({ sidebarOpen: false })} />}
      <nav class={sidebarOpen ? "sidebar open" : "sidebar"} aria-label="Channels and people">
        <Section title="Channels">
          {open.filter((channel) => !isDrill(channel) && !isIncident(channel)).map((channel) => <ChannelItem channel={channel} />)}
        </Section>
        {open.some(isIncident) && (
          <Section title="Incidents">
            {open.filter(isIncident).map((channel) => <ChannelItem channel={channel} />)}
          </Section>
        )}
        {open.some(isDrill) && (
          <Section title="Drills">
            {open.filter(isDrill).map((channel) => <ChannelItem channel={channel} />)}
          </Section>
        )}
        <Section title="Apps">
          <li>
            <button
              type="button"
              class="nav-item"
              aria-current={place.kind === "home" ? "page" : undefined}
              data-testid="home-item"
              onClick={() => void openHome()}
            >
              <Avatar who={bot} size="small" />
              <span class="nav-name">{nameOf(bot, "Steadyhand")}</span>
              <span class="nav-note">Home</span>
            </button>
          </li>
        </Section>
        <Section title="Direct messages" action={<NewDirect me={me} />}>
          {direct.map((channel) => <ChannelItem channel={channel} />)}
        </Section>
        {archived.length > 0 && (
          <details class="nav-archived">
            <summary>Archived ({archived.length})</summary>
            <ul>{archived.map((channel) => <ChannelItem channel={channel} />)}</ul>
          </details>
        )}
        <p class="nav-foot faint">{deliveryWords(snapshot.delivery)}</p>
      </nav>
    </>
  );
}

function deliveryWords(delivery: string): string {
  if (delivery === "none") return "The bot is not connected. Commands will fail until it is.";
  return `Everything here stays on this machine. The bot is connected over ${delivery === "socket" ? "Socket Mode" : "HTTP"}.`;
}

interface SectionProps {
  title: string;
  action?: ComponentChildren;
  children: ComponentChildren;
}

function Section({ title, action, children }: SectionProps) {
  return (
    <section class="nav-section" aria-label={title}>
      <h2>{title}{action}</h2>
      <ul>{children}</ul>
    </section>
  );
}

function ChannelItem({ channel }: { channel: Channel }) {
  const { place, me } = useStore();
  const here = place.kind === "channel" && place.id === channel.id;
  const outside = !channel.is_im && !channel.members.includes(me);
  const classes = ["nav-item", channel.unread && !here && "unread", outside && "outside-item"].filter(Boolean).join(" ");
  const name = channelTitle(channel);
  return (
    <li>
      <button
        type="button"
        class={classes}
        aria-current={here ? "page" : undefined}
        data-testid="channel"
        data-channel-name={channel.is_im ? name : channel.name}
        data-channel-id={channel.id}
        title={name}
        onClick={() => goTo({ kind: "channel", id: channel.id })}
      >
        {channel.is_im ? <Avatar who={person(channel.with ?? "")} size="small" /> : <Icon name={channel.is_private ? "lock" : "hash"} />}
        <span class="nav-name">{name}</span>
        {channel.is_private && !channel.is_im && <span class="hidden-words">private</span>}
        {isDrill(channel) && <span class="badge drill">Drill</span>}
        {channel.unread > 0 && !here && <span class="count">{channel.unread}<span class="hidden-words"> unread</span></span>}
      </button>
    </li>
  );
}

function NewDirect({ me }: { me: string }) {
  const { snapshot } = useStore();
  const items = (snapshot?.people ?? [])
    .filter((one) => one.id !== me)
    .map((one) => ({ key: one.id, label: nameOf(one), note: one.title, run: () => void openDirect(one.id) }));
  return <Menu label="New direct message" items={items} align="start"><Icon name="plus" /></Menu>;
}

/** Opens the sidebar where there is no room to show it always. */
export function MenuButton() {
  const { snapshot, sidebarOpen } = useStore();
  const unread = snapshot?.channels.some((channel) => channel.unread > 0);
  return (
    <button
      type="button"
      class={unread ? "icon-button menu-button has-unread" : "icon-button menu-button"}
      aria-label="Channels and people"
      aria-expanded={sidebarOpen}
      data-testid="sidebar-toggle"
      onClick={() => set({ sidebarOpen: !sidebarOpen })}
    >
      <Icon name="menu" />
    </button>
  );
}
