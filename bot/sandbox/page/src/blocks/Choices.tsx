/** Radio buttons and checkboxes. */
import { useId } from "preact/hooks";
import { Text } from "../text/Text";
import type { Option } from "../types";
import { type ElementProps, useElement } from "./form";
import { chosen } from "./values";

export function Choices(props: ElementProps) {
  const { element, labelledBy, describedBy, invalid } = props;
  const { value, choose, hooks } = useElement(props);
  const name = useId();
  const single = element.type === "radio_buttons";
  const picked = new Set((chosen(value) as Option[]).map((option) => option.value));
  const toggle = (option: Option) => {
    if (single) return void choose({ selected_option: option });
    const after = (element.options ?? []).filter((one) =>
      one.value === option.value ? !picked.has(one.value) : picked.has(one.value),
    );
    void choose({ selected_options: after });
  };
  return (
    <div
      class="choices"
      role={single ? "radiogroup" : "group"}
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      aria-invalid={single ? invalid : undefined}
      {...hooks}
    >
      {(element.options ?? []).map((option) => (
        <label class="choice">
          <input
            type={single ? "radio" : "checkbox"}
            name={name}
            value={option.value}
            checked={picked.has(option.value)}
            onChange={() => toggle(option)}
          />
          <span>
            <Text text={option.text} />
            {option.description && <small class="faint"><Text text={option.description} /></small>}
          </span>
        </label>
      ))}
    </div>
  );
}
