import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, suggest, verbsOf } from "../src/ui/suggest.ts";

const person = (id, name, real_name) => ({ id, name, real_name, title: "", is_bot: false, color: "" });
const channel = (id, name) => ({ id, name, topic: "", is_im: false });
const KNOWN = {
  commands: [
    { command: "/incident", description: "Run an incident", usage_hint: "open [what] | status | sev [1-4]" },
    { command: "/drill", description: "Run a drill", usage_hint: "[scenario]" },
  ],
  people: [person("U1", "ada", "Ada L"), person("U2", "max", "Max O")],
  channels: [channel("C1", "general"), channel("C2", "ml-platform")],
};
const taken = (text) => suggest(text, KNOWN).map((one) => one.text);

const CASES = [
  ["/", ["/incident ", "/drill "]],
  ["/in", ["/incident "]],
  ["/incident ", ["/incident open ", "/incident status ", "/incident sev "]],
  ["/incident s", ["/incident status ", "/incident sev "]],
  ["/incident open ", []],
  ["/drill ", []], // an argument, not a list of verbs
  ["/incident open ask @a", ["/incident open ask @ada "]],
  ["hello @m", ["hello @max "]],
  ["see #ml", ["see #ml-platform "]],
  ["mail@a", []],
  ["plain", []],
];
for (const [text, expected] of CASES) {
  test(`suggest: ${JSON.stringify(text)}`, () => assert.deepEqual(taken(text), expected));
}

test("verbs: the server's own list wins over the hint", () => {
  const verbs = verbsOf({ command: "/x", description: "", usage_hint: "a | b", verbs: ["c", { verb: "d", usage: "d [n]" }] });
  assert.deepEqual(verbs.map((verb) => verb.verb), ["c", "d"]);
});

const DECODED = [
  ["hi <@U1> &amp; &lt;b&gt; <#C2|ml-platform>", "hi @ada & <b> #ml-platform"],
  ["<@U9> is unknown", "<@U9> is unknown"],
  ["<!here> <!subteam^S1|@ml-oncall>", "@here @ml-oncall"],
  ["see <https://a.example>", "see https://a.example"],
  ["&amp;lt;", "&lt;"],
];
for (const [stored, typed] of DECODED) {
  test(`decode: ${JSON.stringify(stored)}`, () => assert.equal(decode(stored, KNOWN), typed));
}
