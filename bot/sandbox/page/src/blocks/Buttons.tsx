/** Buttons and overflow menus. */
import { useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/Menu";
import { safeHref } from "../text/mrkdwn";
import { plain } from "../text/Text";
import { type ElementProps, useElement } from "./form";

export function Buttonish(props: ElementProps) {
  const { element } = props;
  const { send, hooks } = useElement(props);
  const [busy, setBusy] = useState(false);
  const style = element.style === "primary" || element.style === "danger" ? element.style : "plain";
  const press = async () => {
    if (busy) return;
    setBusy(true);
    await send({});
    setBusy(false);
  };
  const common = {
    ...hooks,
    class: `button button-${style}${busy ? " busy" : ""}`,
    "aria-label": element.accessibility_label,
    "aria-busy": busy,
    onClick: () => void press(),
  };
  const href = element.url && safeHref(element.url);
  if (!href) return <button type="button" {...common}>{plain(element.text)}</button>;
  return (
    <a {...common} href={href} target="_blank" rel="noopener noreferrer">
      {plain(element.text)}
      <Icon name="outside" />
    </a>
  );
}

export function Overflow(props: ElementProps) {
  const { element } = props;
  const { send, hooks } = useElement(props);
  const items = (element.options ?? []).map((option) => ({
    key: option.value,
    label: plain(option.text),
    note: plain(option.description),
    href: option.url ? (safeHref(option.url) ?? undefined) : undefined,
    run: () => void send({ selected_option: option }),
  }));
  return (
    <Menu label={element.accessibility_label ?? "More actions"} items={items} buttonProps={{ ...hooks, class: "button button-plain" }}>
      <Icon name="more" />
    </Menu>
  );
}
