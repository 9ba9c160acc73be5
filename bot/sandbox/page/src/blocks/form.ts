/** What the elements of one message or view share: their values, their errors and how they act. */
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { act, askConfirm, getState } from "../store";
import type { Block, Container, Element, Value, Values } from "../types";
import { collect } from "./values";

export interface Form {
  key: string;
  container: Container;
  blocks: Block[];
  values: Values;
  errors: Record<string, string>;
  /** Remembers what a person chose. */
  change(block: string, action: string, value: Value): void;
  /** Sends a block action to the app; asks first when the element wants that. */
  click(element: Element, block: string, chosen?: Partial<Value>): Promise<boolean>;
}

// What people typed, per person and message or view. It outlives the drawing of it, so that a modal
// below another one, or a message scrolled away, still has it.
const memory = new Map<string, Values>();

export function useForm(
  name: string,
  container: Container,
  blocks: Block[],
  errors: Record<string, string> = {},
  onEdit: (block: string) => void = () => undefined,
): Form {
  const key = `${getState().me}|${name}`;
  const [, redraw] = useState(0);
  const values = collect(blocks, memory.get(key) ?? {});
  return useMemo(
    () => ({
      key,
      container,
      blocks,
      values,
      errors,
      change(block, action, value) {
        const before = memory.get(key) ?? {};
        memory.set(key, { ...before, [block]: { ...before[block], [action]: value } });
        onEdit(block);
        redraw((n) => n + 1);
      },
      async click(element, block, chosen = {}) {
        if (!(await askConfirm(element.confirm))) return false;
        const state = { values: collect(blocks, memory.get(key) ?? {}) };
        const action = { ...element, block_id: block, ...chosen };
        return (await act({ do: "click", container, action, state })).ok;
      },
    }),
    [key, blocks, errors, JSON.stringify(values)],
  );
}

/** Forgets what was typed into views that are gone. */
export function useForgetting(liveViews: string[]): void {
  const live = liveViews.join(" ");
  useEffect(() => {
    const prefix = `${getState().me}|view:`;
    for (const key of memory.keys()) {
      if (key.startsWith(prefix) && !live.split(" ").includes(key.slice(prefix.length))) memory.delete(key);
    }
  }, [live]);
}

export const FormContext = createContext<Form | null>(null);

export function useFormContext(): Form {
  const form = useContext(FormContext);
  if (!form) throw new Error("an element was drawn outside of a form");
  return form;
}

export interface ElementProps {
  element: Element;
  block: Block;
  /** The id of the text that names the element, and of its hint or error. */
  labelledBy?: string;
  describedBy?: string;
  invalid?: boolean;
}

/** Value and setters of one element; a change also acts where Slack would act at once. */
export function useElement({ element, block }: ElementProps) {
  const form = useFormContext();
  const blockId = block.block_id ?? "";
  const actionId = element.action_id ?? "";
  const value = form.values[blockId]?.[actionId];
  const actsAtOnce = block.type !== "input" || block.dispatch_action === true;
  return {
    form,
    value,
    actsAtOnce,
    hooks: { "data-block-id": blockId, "data-action-id": actionId },
    remember: (next: Omit<Value, "type">) => form.change(blockId, actionId, { type: element.type, ...next }),
    send: (next: Omit<Value, "type">) => form.click(element, blockId, next),
    async choose(next: Omit<Value, "type">): Promise<void> {
      const before = value;
      form.change(blockId, actionId, { type: element.type, ...next });
      if (!actsAtOnce) return;
      const sent = await form.click(element, blockId, next);
      if (!sent && element.confirm && before) form.change(blockId, actionId, before);
    },
  };
}
