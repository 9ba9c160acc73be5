"""Every handler has its right, the last word is the bot's, and who is refused is on the record."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from bot.comms import notices
from bot.effects import control
from bot.errors import BadInput, Hidden, NotAllowed, NotFound, NotReady
from bot.house import House
from bot.incident import assessing, lifecycle, people, queries, rights, roles
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.playbook import approvals, criteria, steps, walk
from bot.playbook.rules import Permission
from bot.record import catalogue as c
from bot.record import erase, freeze
from bot.record.entry import Actor
from bot.record.read import entries
from bot.record.tx import Tx
from bot.slack import kit
from db.tables import ExitCriterion, Known, RoleHolder
from tests.security.desk import (
    ADA,
    BEN,
    EVE,
    MALLORY,
    PRIVATE,
    PUBLIC,
    Desk,
    click,
    command,
    furnish,
    submit,
)
from tests.support.houses import Run

READ = "read"  # changes nothing
#: Judged by a rule of its own, not by the table: who was offered a role, whom an approval names.
OFFERED, APPROVAL, NOTICE_APPROVAL, FROM_SLACK = "offered", "approval", "notice approval", "slack"
RULES = {READ, OFFERED, APPROVAL, NOTICE_APPROVAL, FROM_SLACK}

VERBS = {
    "*": READ, "action": "add_action", "approvals": READ, "bare": READ, "close": "close",
    "cancel": "cancel", "contain": "contain", "correct": "correct_entry", "decide": "record_decision",
    "drill": "start_drill", "erase": "erase_personal", "evidence": "add_evidence",
    "exit": "confirm_exit", "freeze": "add_evidence", "help": READ,
    "hypothesis": "add_hypothesis", "list": READ, "mine": READ, "next": READ, "note": "add_note",
    "notice": "draft_notice", "open": "declare", "postmortem": READ, "privileged": "add_note",
    "reopen": "reopen",
    "facts": "set_facts", "families": "set_families", "rename": "rename",
    "resolve": "resolve", "role": "take_role", "search": READ, "severity": "assess_severity",
    "status": READ, "step": "complete_step", "timeline": READ, "update": "complete_step",
    "withdraw": "correct_entry",
}  # fmt: skip
ACTIONS = {
    "action_accept": "accept_proof", "action_change": READ, "action_done": "prove_action",
    "action_drop": "accept_proof", "action_form": READ, "action_list": READ,
    "action_reopen": "add_action", "approval_ratify": APPROVAL, "approval_refuse": READ,
    "approval_yes": APPROVAL, "approvals": READ, "close_form": "close", "contain_form": "contain",
    "decision_form": READ, "drill_form": READ, "effect_retry": "settle_effect", "exit_list": READ,
    "exit_met": READ, "exit_reopen": READ, "exit_waive": READ, "freeze_form": READ,
    "freeze_skip": READ, "next_steps": READ,
    "notice_approve": NOTICE_APPROVAL, "notice_finish": "publish_notice", "notice_form": READ,
    "notice_open": READ, "notice_publish": "publish_notice", "notice_send_back": READ,
    "notice_show": READ, "notice_view": READ, "notice_withdraw": READ, "open_form": READ,
    "pm_export": READ, "pm_post": "edit_postmortem", "pm_review": READ, "pm_write": READ,
    "postmortem_show": READ, "privileged_read": READ, "record_form": READ, "rerun": READ,
    "resolve_form": "resolve",
    "role_accept": OFFERED, "role_decline": OFFERED, "role_form": READ, "search_more": READ,
    "severity_form": READ, "step_ask": READ, "step_block": READ, "step_done": "complete_step",
    "step_list": READ, "step_reopen": "complete_step", "step_skip": READ,
    "step_take": "complete_step", "timeline": READ, "timeline_more": READ,
    "update_form": READ,
}  # fmt: skip
VIEWS = {
    "action_accept_submit": "accept_proof", "action_change_submit": "add_action",
    "action_done_submit": "prove_action", "action_drop_submit": "accept_proof",
    "action_reopen_submit": "add_action", "action_submit": "add_action",
    "approval_refuse_submit": APPROVAL, "cancel_submit": "cancel", "close_submit": "close", "contain_submit": "contain",
    "decision_submit": "record_decision", "erase_confirm": "erase_personal",
    "erase_submit": "erase_personal", "exit_met_submit": "confirm_exit",
    "exit_reopen_submit": "confirm_exit", "exit_waive_submit": "waive_exit",
    "facts_submit": "set_facts", "families_submit": "set_families", "rename_submit": "rename",
    "freeze_skip_submit": "record_decision", "freeze_submit": "add_evidence",
    "notice_choose": "draft_notice", "notice_facts": "draft_notice",
    "notice_send_back_submit": NOTICE_APPROVAL, "notice_text": "draft_notice",
    "notice_withdraw_submit": "draft_notice", "open_submit": "declare",
    "pm_factor": "edit_postmortem", "pm_reviewed": "approve_postmortem",
    "pm_section": "edit_postmortem", "privileged_submit": "add_note",
    "record_submit": "add_note", "reopen_submit": "reopen",
    "resolve_submit": "resolve", "role_submit": "assign_role", "severity_set": "assess_severity",
    "severity_submit": "assess_severity", "step_ask_submit": "request_approval",
    "step_block_submit": "complete_step", "step_done_submit": "complete_step",
    "step_skip_submit": "skip_step", "update_submit": "complete_step",
}  # fmt: skip
SHORTCUTS = {
    "add_to_record": "add_note", "open_incident": READ, "open_incident_from_message": READ,
}  # fmt: skip
EVENTS = {
    "app_home_opened": READ, "app_mention": READ, "app_uninstalled": FROM_SLACK,
    "channel_archive": FROM_SLACK, "channel_deleted": FROM_SLACK, "channel_rename": FROM_SLACK,
    "group_archive": FROM_SLACK, "group_rename": FROM_SLACK, "member_joined_channel": FROM_SLACK,
    "member_left_channel": FROM_SLACK, "message": FROM_SLACK, "reaction_added": "add_note",
    "tokens_revoked": FROM_SLACK,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "table"),
    [("verbs", VERBS), ("actions", ACTIONS), ("views", VIEWS), ("shortcuts", SHORTCUTS),
     ("events", EVENTS)],
)  # fmt: skip
def test_every_handler_is_in_the_table(desk: Desk, kind: str, table: dict[str, str]) -> None:
    """A new handler fails here until somebody has said whose right it is."""
    handlers = set(getattr(desk.door._surface, kind))
    assert handlers - set(table) == set(), "say in this file which right these need"
    assert set(table) - handlers == set(), "these are gone"
    known = set(desk.house.env.content.permissions)
    assert {right for right in table.values() if right not in known | RULES} == set()


#: How code asks for a right.
ASKS = re.compile(r"\b(?:require|require_anywhere|may)\(([^()]*)")


def test_every_right_of_the_table_is_asked_for_somewhere(house: House) -> None:
    """A right that nothing asks for is a promise that nobody keeps."""
    root = Path(__file__).parents[2] / "bot"
    code = "\n".join(p.read_text() for p in root.rglob("*.py") if "sandbox" not in p.parts)
    asked = {name for call in ASKS.findall(code) for name in re.findall(r'"([a-z_]+)"', call)}
    asked |= set(re.findall(r'verb = "([a-z_]+)" if', code))
    assert set(house.env.content.permissions) == set(rights.RIGHTS)
    assert set(rights.RIGHTS) - asked == set()
    assert asked - set(rights.RIGHTS) <= {"default"}  # a kind of incident, not a right


# --- the last word is the bot's -----------------------------------------------------------------

DENIED: list[tuple[str, dict[str, Any]]] = [
    ("contain", command(EVE, "INC-1 contain all is well")),
    ("cancel", command(EVE, "INC-1 cancel because nothing happened")),
    ("record_decision", command(EVE, "INC-1 decide sell the company")),
    ("add_hypothesis", command(EVE, "INC-1 hypothesis it was Ada")),
    ("add_evidence", command(EVE, "INC-1 evidence a picture")),
    ("claim_command", command(EVE, "INC-1 role commander")),
    ("take_role", command(EVE, "INC-1 role comms")),
    ("assign_role", command(EVE, f"INC-1 role comms <@{MALLORY}|m>")),
    ("complete_step", command(EVE, "INC-1 step block 1 because no")),
    ("complete_step", command(EVE, "INC-1 update all is well")),
    ("skip_step", command(EVE, "INC-1 step skip 1 because no")),
    ("assess_severity", command(EVE, "INC-1 severity sev4 because why not")),
    ("add_action", command(EVE, "INC-1 action add write a test")),
    ("rename", command(EVE, "INC-1 rename nothing happened")),
    ("set_families", command(EVE, "INC-1 families privacy-leakage")),
    ("set_facts", command(EVE, "INC-1 facts personal_data no")),
    ("correct_entry", command(EVE, "INC-1 correct 1 nothing happened")),
    ("correct_entry", command(EVE, "INC-1 withdraw 1 because nothing happened")),
    ("resolve", submit(EVE, "resolve_submit", {"summary": {"value": "x"}}, '{"i":1}')),
    ("assign_role", submit(EVE, "role_submit", {
        "role": {"selected_option": {"value": "comms"}}, "person": {"selected_user": MALLORY}},
        f'{{"i":1,"c":"{PUBLIC}"}}')),
    ("draft_notice", submit(EVE, "notice_choose", {
        "audience": {"selected_option": {"value": "users"}},
        "stage": {"selected_option": {"value": "first"}}}, f'{{"i":1,"c":"{PUBLIC}"}}')),
    ("edit_postmortem", submit(EVE, "pm_section", {"text": {"value": "x"}}, '{"i":1,"s":"summary"}')),
    ("edit_postmortem", click(EVE, "pm_post", '{"i":1}')),
    ("add_evidence", command(EVE, "INC-1 freeze model=v41")),
    ("add_evidence", submit(EVE, "freeze_submit", {"model": {"value": "v41"}}, '{"i":1}')),
    ("record_decision", command(EVE, "INC-1 freeze without C6 because why not")),
    ("record_decision", submit(EVE, "freeze_skip_submit", {"reason": {"value": "x"}},
                               '{"i":1,"r":"C6"}')),
    ("erase_personal", command(EVE, "INC-1 erase 1")),
    ("erase_personal", submit(EVE, "erase_submit", {
        "entries": {"value": "1"}, "reason": {"value": "x"}}, '{"i":1}')),
    ("erase_personal", submit(EVE, "erase_confirm", {"reason": {"value": "x"}}, '{"i":1,"e":"1"}')),
]  # fmt: skip


async def test_who_lacks_a_right_changes_nothing_on_any_database(each_desk: Desk) -> None:
    before = _kinds(each_desk)
    for _, payload in DENIED:
        await each_desk.payload(payload)
        await each_desk.quiet()
    after = _kinds(each_desk)
    assert after[: len(before)] == before
    assert set(after[len(before) :]) == {c.PermissionDenied.kind}
    assert sorted(one.verb for one in _refused(each_desk)) == sorted({right for right, _ in DENIED})


def _kinds(desk: Desk, number: int = 1) -> list[str]:
    return desk.house.read_sync(lambda s: [each.entry.kind for each in entries(s, number)])


def _refused(desk: Desk, number: int = 1) -> list[c.PermissionDenied]:
    kinds = [c.PermissionDenied.kind]
    return desk.house.read_sync(lambda s: [e.entry for e in entries(s, number, kinds=kinds)])


@pytest.mark.parametrize(
    ("right", "payload"), DENIED, ids=[f"{n}-{r}" for n, (r, _) in enumerate(DENIED)]
)
async def test_who_lacks_the_right_changes_nothing_and_is_on_the_record(
    desk: Desk, right: str, payload: dict[str, Any]
) -> None:
    before = _kinds(desk)
    await desk.payload(payload)
    await desk.quiet()
    assert _kinds(desk) == [*before, c.PermissionDenied.kind]
    entry = _refused(desk)[0]
    assert entry.verb == right and entry.needs
    assert EVE not in entry.model_dump_json()


async def test_clicks_and_forms_from_old_messages_are_judged_by_roles_of_now(
    each_desk: Desk,
) -> None:
    """Ada commanded when the form was made; she handed over; her old form no longer resolves."""
    desk = each_desk
    await desk.payload(command(ADA, "resolve", PUBLIC))
    await desk.quiet()
    meta = desk.slack.views()[-1]["private_metadata"]
    run = Run(desk.house)
    run(ADA, lambda tx: roles.assign(tx, get(tx.session, 1), "commander", BEN), channel=PUBLIC)
    run(BEN, lambda tx: roles.accept(tx, get(tx.session, 1), "commander"))
    fill = {"summary": {"value": "x"}, "override": {"value": "because"}}
    answer = await desk.payload(submit(ADA, "resolve_submit", fill, meta))
    shown = answer.json()  # it names a person, so it is a page of its own over the form
    assert shown["response_action"] == "push"
    assert f"Only the Incident commander (<@{BEN}>)" in str(shown["view"]["blocks"])
    assert "incident.resolved" not in _kinds(desk)
    # The same form in the new commander's hands is judged by what they are, too.
    await desk.payload(submit(BEN, "resolve_submit", fill, meta))
    assert "incident.resolved" in _kinds(desk)


async def test_a_refusal_that_comes_late_is_told_as_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow machine the form closes first; nobody may then read «It is done.»"""
    metas = {}
    for person in (ADA, BEN):
        await desk.payload(command(person, "resolve", PUBLIC))
        await desk.quiet()
        metas[person] = desk.slack.views()[-1]["private_metadata"]
    monkeypatch.setattr("bot.slack.app.ANSWER_WITHIN_S", 0)
    for person, expected in ((ADA, "Say why"), (BEN, "Only the Incident commander")):
        desk.slack.asked.clear()
        fill = {"summary": {"value": "x"}, "override": {"value": ""}}
        await desk.payload(submit(person, "resolve_submit", fill, metas[person]))
        await desk.quiet()
        told = [str(call[1].get("text")) for call in desk.slack.asked if "chat." in call[0]]
        assert len(told) == 2 and told[1].startswith(expected), told
    assert "incident.resolved" not in _kinds(desk)


async def test_who_may_not_even_open_is_on_the_record_as_well(desk: Desk) -> None:
    """It belongs to no incident, so it stands beside them all; again and again is said once."""
    _with(desk.house, "declare", "user:U00ONLY")
    for _ in range(2):
        answer = await desk.payload(command(EVE, "open Nothing at all"))
        assert "Only <@U00ONLY> can do this" in answer.json()["text"]
    await desk.quiet()
    (kept,) = desk.house.read_sync(lambda s: rights.denied_outside(s, 10))
    assert (kept.actor, kept.entry.verb, kept.entry.needs) == (EVE, "declare", "user:U00ONLY")


async def test_an_offer_is_accepted_by_nobody_else(each_desk: Desk) -> None:
    desk = each_desk
    Run(desk.house)(ADA, lambda tx: roles.assign(tx, get(tx.session, 1), "comms", BEN))
    offer = kit.pack(i=1, r="comms")
    await desk.payload(click(EVE, "role_accept", offer))
    held = desk.house.read_sync(lambda s: s.get(RoleHolder, (1, "comms")))
    assert held is not None and (held.holder, held.state) == (BEN, "offered")


async def test_trying_again_and_again_fills_no_record(each_desk: Desk) -> None:
    desk = each_desk
    for n in range(12):
        await desk.payload(command(EVE, f"INC-1 contain try {n}"))
    await desk.payload(command(MALLORY, "INC-1 contain me too"))
    await desk.payload(command(EVE, "INC-1 decide then this"))
    await desk.quiet()
    assert sorted(each.verb for each in _refused(desk)) == ["contain", "contain", "record_decision"]
    Run(desk.house).later(minutes=9)
    await desk.payload(command(EVE, "INC-1 contain nine minutes later"))
    await desk.quiet()
    assert len(_refused(desk)) == 3
    Run(desk.house).later(minutes=2)
    await desk.payload(command(EVE, "INC-1 contain eleven minutes later"))
    await desk.quiet()
    assert len(_refused(desk)) == 4


async def test_a_private_incident_does_not_exist_for_outsiders(each_desk: Desk) -> None:
    desk = each_desk
    hidden = [await desk.payload(command(EVE, f"INC-{n} {verb}"))
              for verb in ("status", "contain x", "timeline", "role", "note x") for n in (2, 98)]  # fmt: skip
    for real, made_up in zip(hidden[::2], hidden[1::2], strict=True):
        assert real.text.replace("INC-2", "#") == made_up.text.replace("INC-98", "#")
    for payload in (click(EVE, "timeline", '{"i":2}'), click(EVE, "role_form", '{"i":2}'),
                    submit(EVE, "record_submit", {"text": {"value": "x"}},
                           f'{{"i":2,"c":"{PRIVATE}"}}')):  # fmt: skip
        await desk.payload(payload)
    for verb in ("list", "bare", "search Case", "action list", "mine"):
        answer = await desk.payload(command(EVE, verb.replace("bare", "")))
        assert "Case 2" not in answer.text and "INC-2" not in answer.text
    await desk.quiet()
    told = str([call for call in desk.slack.asked if EVE in str(call)])
    assert "Case 2" not in told and "C0INC2" not in told
    # Those who are in it read that somebody looked, once in ten minutes, whatever was tried.
    (kept,) = desk.house.read_sync(lambda s: list(entries(s, 2, kinds=[c.PermissionDenied.kind])))
    assert (kept.actor, kept.entry.verb) == (EVE, "view")
    assert not desk.house.read_sync(lambda s: queries.may_see(s, get(s, 2), EVE))
    shown = await desk.payload(command(ADA, "timeline", PRIVATE))
    assert f"<@{EVE}>" in shown.text and "without being in it" in shown.text
    for person, text in ((EVE, "INC-2 status"), (MALLORY, "INC-2 status"), (EVE, "INC-98 status")):
        await desk.payload(command(person, text))
    await desk.quiet()
    assert len(_refused(desk, 2)) == 2 and _refused(desk, 1) == []


async def test_looking_at_what_is_hidden_takes_no_part_in_it(desk: Desk) -> None:
    """The entry that says who looked must not let them in, nor make them known as somebody in it."""
    for door in ("cli", "web", "slash"):
        with pytest.raises(Hidden) as hidden:
            desk.house.read_sync(lambda s: queries.find(s, 2, EVE))
        Run(desk.house)(EVE, lambda tx, h=hidden: rights.record_denied(tx, h.value), source=door)
    assert not desk.house.read_sync(lambda s: queries.may_see(s, get(s, 2), EVE))
    assert desk.house.read_sync(lambda s: queries.mine(s, EVE)) == []
    with pytest.raises(Hidden, match="There is no INC-2"):
        desk.house.read_sync(lambda s: queries.find(s, 2, EVE))
    with pytest.raises(NotFound, match="There is no INC-98") as missing:
        desk.house.read_sync(lambda s: queries.find(s, 98, EVE))
    assert not missing.value.verb


# --- groups and persons ---------------------------------------------------------------------------


def _with(house: House, verb: str, *who: str) -> None:
    content = house.env.content
    row = Permission(verb=verb, title="x", default=who)
    house.env = replace(
        house.env, content=replace(content, permissions={**content.permissions, verb: row})
    )


def test_a_right_may_name_a_person_or_a_user_group(house: House) -> None:
    outside = furnish(house)
    run = Run(house)
    _with(house, "contain", "user:U66EVE", "group:S0ONCALL")

    def can(person: str) -> bool:
        return run(person, lambda tx: rights.may(tx, "contain", get(tx.session, 1)))

    assert can(EVE) and not can(BEN) and not can(ADA)  # an unknown group is nobody
    run("system", lambda tx: rights.group_read(tx, "S0ONCALL", [BEN]))
    assert can(BEN) and not can(MALLORY)
    run.later(hours=25)
    assert not can(BEN), "an answer of yesterday is no right"
    with pytest.raises(NotAllowed, match="user group S0ONCALL"):
        run(MALLORY, lambda tx: rights.require(tx, "contain", get(tx.session, 1)))
    outside.settle()


async def test_user_groups_are_read_by_stored_effects(desk: Desk) -> None:
    from bot import rooms, scheduler
    from tests.support.outside import Outside

    _with(desk.house, "contain", "group:S0ONCALL")
    await scheduler.read_groups(desk.house)
    await scheduler.read_groups(desk.house)
    outside = Outside(desk.house)
    outside._answer = lambda effect: {"group": "S0ONCALL", "users": [BEN]}  # type: ignore[method-assign]
    outside.settle()
    assert len(outside.of("group.read")) == 1 and "group.read" in rooms.returned()
    kept = desk.house.read_sync(lambda s: s.get(Known, "group:S0ONCALL"))
    assert kept is not None and kept.value == {"users": [BEN]}


def test_declaring_can_be_kept_to_some(house: House) -> None:
    _with(house, "declare", "user:U01ADA")
    run = Run(house)
    assert run(ADA, lambda tx: open_incident(tx, "Mine")).number == 1
    with pytest.raises(NotAllowed, match="U01ADA"):
        run(EVE, lambda tx: open_incident(tx, "Not mine"))


def test_content_that_names_nobody_is_refused() -> None:
    from bot.playbook.references import PEOPLE

    for good in ("group:S0123", "user:U0123", "user:W0123"):
        assert PEOPLE.fullmatch(good)
    for bad in ("group:", "user:@ada", "group:U0123", "user:U0123 ", "groups:S01", "user:u0123"):
        assert not PEOPLE.fullmatch(bad)


# --- reasons ---------------------------------------------------------------------------------------


def _criterion(session: Session) -> str:
    from sqlalchemy import select

    found = session.execute(select(ExitCriterion.key)).scalars().first()  # type: ignore[call-overload]
    return str(found)


def _failed_effect(tx: Tx) -> str:
    from bot.effects import kinds, store

    tx.effect(kinds.say(1, "lost", "decision"))
    tx.batch.flush()
    row = store.by_key(tx.session, "say:1:lost")
    assert row is not None
    store.mark_failed(row, tx.now, "x")
    return row.key


def operator(tx: Tx) -> Tx:
    """The operator at the command line, in the same transaction."""
    return Tx(tx.batch, Actor("cli:op", "cli"))


def test_what_weighs_much_takes_a_reason(house: House) -> None:
    outside = furnish(house)
    run = Run(house)
    outside.settle()
    key = house.read_sync(_criterion)
    effect = run(ADA, _failed_effect)
    number = run(ADA, lambda tx: notices.draft(tx, get(tx.session, 1), "users", "first").number)
    step = house.read_sync(lambda s: steps.of_incident(s, 1))[0].key
    with pytest.raises(NotReady, match="No severity"):
        run(ADA, lambda tx: assessing.ask_downgrade(tx, get(tx.session, 1), "SEV3", "x", "log"))
    run(ADA, lambda tx: assessing.set_severity(tx, get(tx.session, 1), "SEV2"))
    table: list[tuple[type[Exception], Any]] = [
        (BadInput, lambda tx, i: walk.not_needed(tx, i, step, " ")),
        (BadInput, lambda tx, i: walk.block(tx, i, step, " ")),
        (BadInput, lambda tx, i: freeze.go_without(tx, i, "C9", " ")),
        (NotReady, lambda tx, i: assessing.ask_downgrade(tx, i, "SEV3", " ", "log")),
        (BadInput, lambda tx, i: approvals.refuse(tx, i, 1, "", " ", subjects={})),
        (BadInput, lambda tx, i: people.end(operator(tx), BEN, " ")),
        (BadInput, lambda tx, i: erase.erase(operator(tx), erase.Wish(entries=(1,)), " ", 1)),
        (BadInput, lambda tx, i: criteria.waive(tx, i, key, " ")),
        (BadInput, lambda tx, i: control.give_up(tx, effect, " ")),
        (BadInput, lambda tx, i: notices.withdraw(tx, i, number, " ")),
        (NotReady, lambda tx, i: lifecycle.resolve(tx, i, "over", " ")),
    ]
    for refusal, verb in table:
        with pytest.raises(refusal):
            run(ADA, lambda tx, verb=verb: verb(tx, get(tx.session, 1)), channel=PUBLIC)
    run(ADA, lambda tx: lifecycle.resolve(tx, get(tx.session, 1), "over", "for tomorrow"))
    for late in (lifecycle.reopen, lifecycle.close):
        with pytest.raises((BadInput, NotReady)):
            run(ADA, lambda tx, late=late: late(tx, get(tx.session, 1), " "))
