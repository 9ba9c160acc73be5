/** Text, number, email and web address inputs. */
import { plain } from "../text/Text";
import { type ElementProps, useElement } from "./form";

const INPUT_MODE: Record<string, "text" | "decimal" | "email" | "url"> = {
  number_input: "decimal",
  email_text_input: "email",
  url_text_input: "url",
};

export function TextField(props: ElementProps) {
  const { element, block, labelledBy, describedBy, invalid } = props;
  const { value, remember, send, hooks } = useElement(props);
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const dispatches = (when: string) => block.dispatch_action === true && triggers.includes(when);

  const onInput = (event: { currentTarget: { value: string } }) => {
    const next = { value: event.currentTarget.value || null };
    remember(next);
    if (dispatches("on_character_entered")) void send(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const submitsAnyway = element.multiline && !event.ctrlKey && !event.metaKey;
    if (event.key !== "Enter" || event.isComposing || submitsAnyway) return;
    if (!dispatches("on_enter_pressed")) return;
    event.preventDefault();
    void send({ value: value?.value ?? null });
  };

  const common = {
    class: "field",
    value: value?.value ?? "",
    placeholder: plain(element.placeholder),
    "aria-labelledby": labelledBy,
    "aria-describedby": describedBy,
    "aria-invalid": invalid,
    "data-autofocus": element.focus_on_load,
    ...hooks,
    onInput,
    onKeyDown,
  };
  if (element.multiline) return <textarea rows={4} {...common} />;
  return <input type="text" inputMode={INPUT_MODE[element.type] ?? "text"} autocomplete="off" {...common} />;
}
