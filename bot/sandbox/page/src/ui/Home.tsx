/** The App Home of the bot. */
import { Blocks } from "../blocks/Blocks";
import { useForm } from "../blocks/form";
import { nameOf, openDirect, theBot, useStore } from "../store";
import type { View } from "../types";
import { Avatar } from "./Avatar";
import { MenuButton } from "./Sidebar";

export function Home() {
  const { snapshot } = useStore();
  const bot = theBot();
  return (
    <main class="pane" aria-label="App Home">
      <header class="pane-head">
        <MenuButton />
        <Avatar who={bot} size="small" />
        <h1>{nameOf(bot, "Steadyhand")}</h1>
        <div class="tabs" role="tablist" aria-label={nameOf(bot, "Steadyhand")}>
          <button type="button" role="tab" aria-selected="true">Home</button>
          <button type="button" role="tab" aria-selected="false" onClick={() => bot && void openDirect(bot.id)}>Messages</button>
        </div>
      </header>
      <div class="home-body" data-testid="home" tabIndex={0} role="tabpanel" aria-label="Home">
        {snapshot?.home ? <HomeView key={snapshot.home.id} view={snapshot.home} /> : <Empty />}
      </div>
    </main>
  );
}

function HomeView({ view }: { view: View }) {
  return <Blocks form={useForm(`view:${view.id}`, { view_id: view.id }, view.blocks)} />;
}

function Empty() {
  return <p class="faint empty">The bot has not published a Home for this person yet.</p>;
}
