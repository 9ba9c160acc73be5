/** The whole page. */
import { useEffect } from "preact/hooks";
import { useStore } from "../store";
import { ChannelPane } from "./Channel";
import { ConfirmHost } from "./Confirm";
import { Home } from "./Home";
import { ModalHost } from "./Modal";
import { Sidebar } from "./Sidebar";
import { ThreadPane } from "./Thread";
import { Toasts } from "./Toasts";
import { TopBar } from "./TopBar";
import { WeatherPanel } from "./Weather";

export function App() {
  const { snapshot, place, failure, online } = useStore();
  const unread = snapshot?.channels.reduce((sum, channel) => sum + channel.unread, 0) ?? 0;
  useEffect(() => {
    document.title = unread ? `(${unread}) Steadyhand sandbox` : "Steadyhand sandbox";
  }, [unread]);
  if (!snapshot) {
    return <p class="starting" role="status">{failure ? `${failure} Trying again…` : "Opening the sandbox…"}</p>;
  }
  return (
    <div class="app">
      <TopBar />
      {!online && <p class="offline" role="alert">The sandbox stopped answering. Start it again; this page reconnects by itself.</p>}
      <div class="columns">
        <Sidebar />
        {place.kind === "home" ? <Home /> : <ChannelPane />}
        <ThreadPane />
        <WeatherPanel />
      </div>
      <ModalHost />
      <ConfirmHost />
      {snapshot.views.length === 0 && <Toasts />}
    </div>
  );
}
