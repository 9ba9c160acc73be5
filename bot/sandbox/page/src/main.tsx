import { render } from "preact";
import { start } from "./store";
import { App } from "./ui/App";

start();
const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
