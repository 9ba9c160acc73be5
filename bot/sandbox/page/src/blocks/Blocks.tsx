/** Draws a list of Block Kit blocks. */
import type { ComponentChildren, VNode } from "preact";
import { Markdown } from "../text/Markdown";
import { RichText } from "../text/RichText";
import { safeHref } from "../text/mrkdwn";
import { Link, plain, Text } from "../text/Text";
import type { Block, Element, TextObject } from "../types";
import { ElementView } from "./ElementView";
import { FormContext, type Form } from "./form";
import { InputBlock } from "./InputBlock";

export function Blocks({ form }: { form: Form }) {
  return (
    <FormContext.Provider value={form}>
      <div class="blocks">
        {form.blocks.map((block, index) => (
          <BlockView key={block.block_id ?? index} block={block} />
        ))}
      </div>
    </FormContext.Provider>
  );
}

const DRAW: Record<string, (block: Block) => ComponentChildren> = {
  section: drawSection,
  header: (block) => <h2 class="block-header"><Text text={block.text} /></h2>,
  divider: () => <hr class="block-divider" />,
  context: drawContext,
  actions: drawActions,
  image: drawImage,
  input: (block) => <InputBlock block={block} />,
  rich_text: (block) => <RichText elements={block.elements ?? []} />,
  markdown: (block) => <Markdown text={plainText(block.text)} />,
  table: drawTable,
  data_table: drawTable,
  video: (block) => drawOutside(plain(block.title) || "Video", block.title_url ?? ""),
};

function BlockView({ block }: { block: Block }): VNode {
  const draw = DRAW[block.type];
  return (
    <div class={`block block-${block.type}`} data-block-id={block.block_id}>
      {draw ? draw(block) : <p class="faint">The sandbox does not draw “{block.type}” blocks.</p>}
    </div>
  );
}

function plainText(text: TextObject | string | undefined): string {
  return typeof text === "string" ? text : (text?.text ?? "");
}

function drawSection(block: Block): VNode {
  return (
    <div class="section-row">
      <div class="section-main">
        {block.text && <div class="section-text"><Text text={block.text} /></div>}
        {block.fields && (
          <div class="section-fields">
            {block.fields.map((field) => <div class="section-field"><Text text={field} /></div>)}
          </div>
        )}
      </div>
      {block.accessory && (
        <div class="section-accessory"><ElementView element={block.accessory} block={block} /></div>
      )}
    </div>
  );
}

function drawContext(block: Block): VNode {
  const part = (element: Element): VNode =>
    element.type === "image" ? (
      <Picture url={element.image_url} alt={element.alt_text} small />
    ) : (
      <span class="context-text"><Text text={element as unknown as TextObject} /></span>
    );
  return <div class="context-row">{(block.elements ?? []).map(part)}</div>;
}

function drawActions(block: Block): VNode {
  return (
    <div class="actions-row">
      {(block.elements ?? []).map((element) => (
        <ElementView key={element.action_id} element={element} block={block} />
      ))}
    </div>
  );
}

function drawImage(block: Block): VNode {
  return (
    <figure>
      {block.title && <figcaption><Text text={block.title} /></figcaption>}
      <Picture url={block.image_url} alt={block.alt_text} />
    </figure>
  );
}

/** Only pictures from this machine are loaded: the sandbox makes no request to anybody else. */
export function Picture({ url = "", alt = "", small }: { url?: string; alt?: string; small?: boolean }) {
  const own = URL.canParse(url, location.href) && new URL(url, location.href).origin === location.origin;
  if (own) return <img class={small ? "picture-small" : "picture"} src={url} alt={alt} />;
  return small ? <span class="picture-words">{alt}</span> : <>{drawOutside(`Image: ${alt}`, url)}</>;
}

function drawOutside(words: string, url: string): VNode {
  const href = safeHref(url);
  return (
    <p class="outside">
      {href ? <Link href={href}>{words}</Link> : words} <span class="faint">(not loaded by the sandbox)</span>
    </p>
  );
}

function drawTable(block: Block): VNode {
  const [head = [], ...body] = block.rows ?? [];
  const align = (column: number) => `align-${block.column_settings?.[column]?.align ?? "left"}`;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Table">
      <table>
        <thead>
          <tr>{head.map((cell, column) => <th scope="col" class={align(column)}>{drawCell(cell)}</th>)}</tr>
        </thead>
        <tbody>
          {body.map((row) => (
            <tr>{row.map((cell, column) => <td class={align(column)}>{drawCell(cell)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function drawCell(cell: Element): ComponentChildren {
  if (cell.type === "rich_text") return <RichText elements={cell.elements ?? []} />;
  return <Text text={plainText(cell.text) || String(cell.value ?? "")} />;
}
