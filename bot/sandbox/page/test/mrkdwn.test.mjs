import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMrkdwn, safeHref } from "../src/text/mrkdwn.ts";
import { fillDateFormat } from "../src/text/dates.ts";
import { withEmoji } from "../src/text/emoji.ts";

const text = (v) => ({ t: "text", v });

/** The tree of one paragraph. */
function inline(source) {
  const parts = parseMrkdwn(source);
  assert.equal(parts.length, 1, source);
  return parts[0].c;
}

const INLINE = [
  ["plain", [text("plain")]],
  ["*bold*", [{ t: "bold", c: [text("bold")] }]],
  ["_it_ ~st~", [{ t: "italic", c: [text("it")] }, text(" "), { t: "strike", c: [text("st")] }]],
  ["*a _b_*", [{ t: "bold", c: [text("a "), { t: "italic", c: [text("b")] }] }]],
  // style marks count only at the edge of words
  ["snake_case_name", [text("snake_case_name")]],
  ["2*3*4", [text("2*3*4")]],
  ["* not bold *", [text("* not bold *")]],
  ["**", [text("**")]],
  ["*open", [text("*open")]],
  ["*a\nb*", [text("*a"), { t: "br" }, text("b*")]],
  ["(*a*)", [text("("), { t: "bold", c: [text("a")] }, text(")")]],
  // code keeps everything as it is
  ["`*x* &lt;b&gt;`", [{ t: "code", v: "*x* <b>" }]],
  ["*a `*` b*", [{ t: "bold", c: [text("a "), { t: "code", v: "*" }, text(" b")] }]],
  ["`<https://a.example|A>`", [{ t: "code", v: "A" }]],
  // entities are undone once
  ["&amp;lt; &lt;b&gt;", [text("&lt; <b>")]],
  // links and mentions
  ["<https://a.example>", [{ t: "link", href: "https://a.example", c: [text("https://a.example")] }]],
  ["<https://a.example?x=1&amp;y=2|A &amp; B>", [{ t: "link", href: "https://a.example?x=1&y=2", c: [text("A & B")] }]],
  ["<mailto:a@b.example>", [{ t: "link", href: "mailto:a@b.example", c: [text("a@b.example")] }]],
  ["<@U1>", [{ t: "user", id: "U1", label: null }]],
  ["<#C1|general>", [{ t: "channel", id: "C1", label: "general" }]],
  ["<!here>", [{ t: "special", id: "here", label: null }]],
  [
    "<!date^1700000000^{time}^https://a.example|then>",
    [{ t: "date", seconds: 1700000000, pattern: "{time}", href: "https://a.example", fallback: "then" }],
  ],
  [":eyes:", [{ t: "emoji", name: "eyes" }]],
  // what could run code stays text
  ["<javascript:alert(1)|x>", [text("<javascript:alert(1)|x>")]],
  ["<data:text/html,x>", [text("<data:text/html,x>")]],
  ["<b onclick=x>", [text("<b onclick=x>")]],
];

for (const [source, tree] of INLINE) {
  test(`mrkdwn: ${JSON.stringify(source)}`, () => assert.deepEqual(inline(source), tree));
}

test("mrkdwn: quotes and code blocks are parts of their own", () => {
  const parts = parseMrkdwn("a\n&gt; b\n&gt; c\n```\nx &lt; y\n```\nd");
  assert.deepEqual(parts.map((part) => part.t), ["text", "quote", "pre", "text"]);
  assert.equal(parts[2].v, "x < y");
});

test("mrkdwn: a code fence that never ends is text", () => {
  assert.deepEqual(inline("```open"), [text("```open")]);
});

test("links: only schemes that cannot run code", () => {
  for (const good of ["https://a.example", "http://a.example", "mailto:a@b.example", "tel:1"]) assert.equal(safeHref(good), good);
  for (const bad of ["javascript:alert(1)", " JavaScript:x", "data:text/html,x", "/relative", "vbscript:x"]) {
    assert.equal(safeHref(bad), null, bad);
  }
});

const NOW = new Date("2024-05-10T12:00:00Z");
const AT = Date.parse("2024-05-10T09:30:00Z") / 1000;
const DATES = [
  ["{date_num}", "2024-05-10"],
  ["{date_short_pretty}", "Today"],
  ["due {date_pretty}", "due today"],
  ["{ago}", "2 hours ago"],
  ["no token", "no token"],
  ["{nonsense}", null],
];
for (const [pattern, words] of DATES) {
  test(`date: ${pattern}`, () => assert.equal(fillDateFormat(AT, pattern, NOW), words));
}

test("date: a broken time gives the fallback", () => assert.equal(fillDateFormat(NaN, "{date}"), null));

test("emoji: known names become characters, others stay", () => {
  assert.equal(withEmoji(":eyes: :no_such_thing: 10:30:45"), "👀 :no_such_thing: 10:30:45");
});
