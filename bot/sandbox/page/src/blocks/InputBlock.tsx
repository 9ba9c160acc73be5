/** An input block: label, element, hint and what is wrong with it. */
import { useId } from "preact/hooks";
import { Text } from "../text/Text";
import type { Block } from "../types";
import { ElementView } from "./ElementView";
import { useFormContext } from "./form";

export function InputBlock({ block }: { block: Block }) {
  const id = useId();
  const error = useFormContext().errors[block.block_id ?? ""];
  if (!block.element) return null;
  const described = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class={error ? "input-block invalid" : "input-block"}>
      <div class="input-label" id={`${id}-label`}>
        <Text text={block.label} />
        {block.optional && <span class="faint"> (optional)</span>}
      </div>
      <ElementView
        element={block.element}
        block={block}
        labelledBy={`${id}-label`}
        describedBy={described || undefined}
        invalid={error ? true : undefined}
      />
      {error && (
        <p class="input-error" id={`${id}-error`} role="alert" data-testid="input-error">{error}</p>
      )}
      {block.hint && <p class="input-hint" id={`${id}-hint`}><Text text={block.hint} /></p>}
    </div>
  );
}
