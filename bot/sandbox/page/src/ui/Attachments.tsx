/** What hangs below a message: attachments with their coloured bar, and files by name. */
import { Blocks } from "../blocks/Blocks";
import { useForm } from "../blocks/form";
import { safeHref } from "../text/mrkdwn";
import { Link, Mrkdwn } from "../text/Text";
import type { Attachment, Block, FileInfo, Message } from "../types";

const NAMED_COLORS: Record<string, string> = { good: "#2f8f5b", warning: "#d99a1c", danger: "#b3261e" };

export function Attachments({ message }: { message: Message }) {
  return (
    <>
      {message.attachments?.map((one, index) => <AttachmentView message={message} one={one} index={index} />)}
      {message.files?.map((file) => <FileView key={file.id} file={file} />)}
    </>
  );
}

function barColor(color = ""): string {
  const hex = NAMED_COLORS[color] ?? color;
  return /^#?[0-9a-f]{6}$/i.test(hex) ? `#${hex.replace("#", "")}` : "";
}

function AttachmentView({ message, one, index }: { message: Message; one: Attachment; index: number }) {
  const href = safeHref(one.title_link ?? "");
  return (
    <div class="attachment" style={{ borderLeftColor: barColor(one.color) }}>
      {one.pretext && <p><Mrkdwn text={one.pretext} /></p>}
      {one.title && <p><strong>{href ? <Link href={href}>{one.title}</Link> : one.title}</strong></p>}
      {one.text && <div><Mrkdwn text={one.text} /></div>}
      {one.blocks && <AttachmentBlocks message={message} blocks={one.blocks} index={index} />}
      {!one.text && !one.blocks && !one.title && one.fallback}
    </div>
  );
}

function AttachmentBlocks({ message, blocks, index }: { message: Message; blocks: Block[]; index: number }) {
  const where = { channel: message.channel, ts: message.ts };
  return <Blocks form={useForm(`message:${message.channel}:${message.ts}:${index}`, where, blocks)} />;
}

function FileView({ file }: { file: FileInfo }) {
  const size = file.size === undefined ? "" : ` · ${file.size.toLocaleString()} bytes`;
  return <p class="outside" data-testid="file">{file.title || file.name || file.id}<span class="faint">{size}</span></p>;
}
