import assert from "node:assert/strict";
import { test } from "node:test";
import { check, collect } from "../src/blocks/values.ts";

const option = (value) => ({ text: { type: "plain_text", text: value }, value });
const input = (element, more = {}) => ({ type: "input", block_id: "b", element: { action_id: "a", ...element }, ...more });
const value = (block, changed = {}) => collect([block], changed).b?.a;

const STARTS = [
  [{ type: "plain_text_input" }, { value: null }],
  [{ type: "plain_text_input", initial_value: "x" }, { value: "x" }],
  [{ type: "static_select", initial_option: option("o") }, { selected_option: option("o") }],
  [{ type: "checkboxes" }, { selected_options: [] }],
  [{ type: "users_select", initial_user: "U1" }, { selected_user: "U1" }],
  [{ type: "multi_users_select" }, { selected_users: [] }],
  [{ type: "conversations_select" }, { selected_conversation: null }],
  [{ type: "datepicker", initial_date: "2024-01-02" }, { selected_date: "2024-01-02" }],
  [{ type: "datetimepicker" }, { selected_date_time: null }],
];
for (const [element, start] of STARTS) {
  test(`values: ${element.type} starts as Slack sends it`, () => {
    assert.deepEqual(value(input(element)), { type: element.type, ...start });
  });
}

test("values: buttons have no state", () => assert.deepEqual(collect([{ type: "actions", block_id: "b", elements: [{ type: "button", action_id: "a" }] }], {}), {}));

test("values: what was typed survives an update of the view", () => {
  const typed = { b: { a: { type: "plain_text_input", value: "mine" } } };
  assert.equal(value(input({ type: "plain_text_input", initial_value: "new" }), typed).value, "mine");
});

test("values: but not under another type of element", () => {
  const typed = { b: { a: { type: "plain_text_input", value: "mine" } } };
  assert.equal(value(input({ type: "number_input" }), typed).value, null);
});

const REFUSED = [
  [{ type: "plain_text_input" }, { value: null }, /required/],
  [{ type: "checkboxes" }, { selected_options: [] }, /required/],
  [{ type: "multi_users_select" }, { selected_users: [] }, /required/],
  [{ type: "plain_text_input", min_length: 3 }, { value: "ab" }, /at least 3/],
  [{ type: "plain_text_input", max_length: 2 }, { value: "abc" }, /at most 2/],
  [{ type: "number_input" }, { value: "x" }, /number/],
  [{ type: "number_input", is_decimal_allowed: false }, { value: "1.5" }, /whole/],
  [{ type: "number_input", min_value: "1" }, { value: "0" }, /At least 1/],
  [{ type: "number_input", max_value: "9" }, { value: "10" }, /At most 9/],
  [{ type: "email_text_input" }, { value: "a@b" }, /email/],
  [{ type: "url_text_input" }, { value: "a.example" }, /address/],
];
for (const [element, content, words] of REFUSED) {
  test(`check: ${element.type} ${JSON.stringify(content)} is refused`, () => {
    const errors = check([input(element)], { b: { a: { type: element.type, ...content } } });
    assert.match(errors.b, words);
  });
}

test("check: an optional empty input will do", () => {
  assert.deepEqual(check([input({ type: "plain_text_input" }, { optional: true })], { b: { a: { type: "plain_text_input", value: null } } }), {});
});
