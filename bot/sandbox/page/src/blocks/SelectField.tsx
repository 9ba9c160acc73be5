/** Select menus of all kinds, single and multiple: a combobox with a filter. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import { useAnchored } from "../ui/anchored";
import { plain } from "../text/Text";
import { type Choice, describe, isExternal, offered, suggested, toValue } from "./options";
import { type ElementProps, useElement } from "./form";
import { chosen } from "./values";

const ASK_AFTER_MS = 150;

export function SelectField(props: ElementProps) {
  const { element, labelledBy, describedBy, invalid } = props;
  const { value, choose, hooks } = useElement(props);
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const { choices, note } = useChoices(props, open, typed);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const list = useAnchored<HTMLDivElement>(open, root, () => close());

  const many = element.type.startsWith("multi_");
  const picked = chosen(value).map((held) => describe(held, choices.length ? choices : offered(element)));
  const pickedKeys = new Set(picked.map((choice) => choice.key));
  const words = many ? "" : (picked[0]?.label ?? "");
  const full = many && element.max_selected_items !== undefined && picked.length >= element.max_selected_items;

  function show() {
    if (open) return;
    setOpen(true);
    setTyped("");
    setActive(Math.max(0, choices.findIndex((choice) => pickedKeys.has(choice.key))));
  }
  function close() {
    setOpen(false);
    setTyped("");
  }
  function pick(choice: Choice) {
    if (!many) {
      close();
      void choose(toValue(element.type, [choice.held]));
      return;
    }
    const without = picked.filter((one) => one.key !== choice.key);
    if (without.length === picked.length && full) return;
    const after = without.length < picked.length ? without : [...picked, choice];
    void choose(toValue(element.type, after.map((one) => one.held)));
    setTyped("");
    input.current?.focus();
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return show();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + step + choices.length) % Math.max(1, choices.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const choice = choices[active];
      if (open && choice) pick(choice);
      else show();
    } else if (event.key === "Backspace" && many && !typed && picked.length) {
      pick(picked[picked.length - 1]!);
    } else if (event.key === "Tab") {
      close();
    }
  }

  return (
    <div class={`select${many ? " select-many" : ""}`} ref={root}>
      <div class="select-box field" onClick={() => (input.current?.focus(), show())}>
        {many && picked.map((choice) => <Chip choice={choice} onRemove={() => pick(choice)} />)}
        <input
          ref={input}
          role="combobox"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-activedescendant={open && choices[active] ? `${id}-${active}` : undefined}
          aria-autocomplete="list"
          aria-label={labelledBy ? undefined : plain(element.placeholder) || element.accessibility_label || "Choose"}
          aria-labelledby={labelledBy}
          aria-describedby={describedBy}
          aria-invalid={invalid}
          data-autofocus={element.focus_on_load}
          data-value={picked.map((choice) => choice.key).join(" ")}
          autocomplete="off"
          placeholder={(open && words) || (picked.length ? "" : plain(element.placeholder) || "Choose…")}
          value={open ? typed : words}
          {...hooks}
          onInput={(event) => {
            const text = event.currentTarget.value;
            show();
            setTyped(text);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Icon name="down" />
      </div>
      {open && (
        <div class="popover options" ref={list} id={`${id}-list`} role="listbox" aria-multiselectable={many}>
          {choices.map((choice, index) => (
            <>
              {choice.group && choice.group !== choices[index - 1]?.group && (
                <div class="option-group" role="presentation">{choice.group}</div>
              )}
              <OptionRow
                id={`${id}-${index}`}
                choice={choice}
                active={index === active}
                picked={pickedKeys.has(choice.key)}
                onPick={() => pick(choice)}
              />
            </>
          ))}
          {note && <p class="option-note" role="status">{note}</p>}
        </div>
      )}
    </div>
  );
}

function Chip({ choice, onRemove }: { choice: Choice; onRemove: () => void }) {
  const remove = (event: Event) => {
    event.stopPropagation();
    onRemove();
  };
  return (
    <span class="chip">
      {choice.label}
      <button type="button" aria-label={`Remove ${choice.label}`} onClick={remove}>×</button>
    </span>
  );
}

interface RowProps {
  id: string;
  choice: Choice;
  active: boolean;
  picked: boolean;
  onPick: () => void;
}

function OptionRow({ id, choice, active, picked, onPick }: RowProps) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) row.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <div
      ref={row}
      id={id}
      class={`option${active ? " active" : ""}`}
      role="option"
      aria-selected={picked}
      data-value={choice.key}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPick}
    >
      <span class="option-tick">{picked ? "✓" : ""}</span>
      <span>
        {choice.label}
        {choice.note && <small class="faint">{choice.note}</small>}
      </span>
    </div>
  );
}

/** What to offer for the typed text; asks the app when the element is an external select. */
function useChoices({ element, block }: ElementProps, open: boolean, typed: string) {
  const { form } = useElement({ element, block });
  const [answer, setAnswer] = useState<{ choices: Choice[]; note: string }>({ choices: [], note: "" });
  const external = isExternal(element);
  const enough = typed.length >= (element.min_query_length ?? 3);
  useEffect(() => {
    if (!external || !open || !enough) return;
    let stale = false;
    const timer = window.setTimeout(async () => {
      const next = await ask(() => suggested(element, block.block_id ?? "", form.container, typed));
      if (!stale) setAnswer(next);
    }, ASK_AFTER_MS);
    return () => {
      stale = true;
      window.clearTimeout(timer);
    };
  }, [external, open, enough, typed]);
  if (external && !enough) return { choices: [], note: `Type at least ${element.min_query_length ?? 3} characters.` };
  if (external) return answer;
  const needle = typed.trim().toLowerCase();
  const choices = offered(element).filter((choice) => choice.label.toLowerCase().includes(needle));
  return { choices, note: choices.length ? "" : "Nothing matches." };
}

async function ask(question: () => Promise<Choice[]>): Promise<{ choices: Choice[]; note: string }> {
  try {
    const choices = await question();
    return { choices, note: choices.length ? "" : "Nothing matches." };
  } catch (error) {
    return { choices: [], note: (error as Error).message };
  }
}
