"""Random histories: whatever people do in whatever order, the record holds and no yes is invented."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot import rooms
from bot.errors import NotReady, Refusal
from bot.house import House
from bot.incident import assessing, lifecycle, roles
from bot.incident.severity import Answers
from bot.playbook import approvals, composing, criteria, step_approval, walk
from bot.playbook.plan import ApprovalPlan
from bot.playbook.steps import plan_of
from bot.record import freeze
from bot.record.rebuild import check_incident
from db.tables import Approval
from tests.integration.playbook.conftest import ADA, EXEC, MAX, PROD, SAM, SEC, Story
from tests.support import databases, houses

PEOPLE = [ADA, MAX, SAM, SEC, PROD, EXEC]
ROLES = ["commander", "ml", "sre", "security", "product", "exec", "legal"]
#: Each history has a title of its own: the same one at once would be the same incident.
_told = count(1)

people = st.sampled_from(PEOPLE)
places = st.integers(0, 70)
moves = st.one_of(
    st.tuples(st.just("done"), people, places),
    st.tuples(st.just("done"), people, places),
    st.tuples(st.just("skip"), people, places),
    st.tuples(st.just("block"), people, places),
    st.tuples(st.just("reopen"), people, places),
    st.tuples(st.just("own"), people, places),
    st.tuples(st.just("waive"), people, places),
    st.tuples(st.just("ask"), people, places),
    st.tuples(st.just("ask"), people, places),
    st.tuples(st.just("give"), people, places),
    st.tuples(st.just("give"), people, places),
    st.tuples(st.just("give"), people, places),
    st.tuples(st.just("freeze"), people, places),
    st.tuples(st.just("freeze"), people, places),
    st.tuples(st.just("refuse"), people, places),
    st.tuples(st.just("ratify"), people, places),
    st.tuples(st.just("role"), people, st.integers(0, len(ROLES) - 1)),
    st.tuples(st.just("role"), people, st.integers(0, len(ROLES) - 1)),
    st.tuples(st.just("severity"), people, st.integers(1, 4)),
    st.tuples(st.just("fact"), people, places),
    st.tuples(st.just("criterion"), people, places),
    st.tuples(st.just("turn"), people, places),
    st.tuples(st.just("wait"), people, st.integers(1, 40)),
)


class Walkers:
    """People who do what a random history says; refusals are part of life."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.ever_done: set[str] = set()

    def go(self, history: list[tuple[str, str, int]]) -> None:
        for move, person, at in history:
            before = {k for k, row in self.story.steps().items() if row.state == "done"}
            with suppress(Refusal):
                getattr(self, move)(person, at)
            self.story.work()
            self.check(before, move)

    def check(self, done_before: set[str], move: str) -> None:
        rows = self.story.steps()
        if move != "reopen":
            assert {k for k, row in rows.items() if row.state == "done"} >= done_before
        assert len({row.number for row in rows.values()}) == len(rows)
        for row in self._approvals():
            rule, yes = approvals.rule_of(row), approvals.said_yes(row)
            if row.state == "approved":
                assert rule.complete(yes)
            if not rule.emergency:
                assert row.asked_by not in yes
        assert len([a for a in self._approvals() if a.state == "waiting"]) == len(
            {a.subject_key for a in self._approvals() if a.state == "waiting"}
        )

    def _approvals(self) -> list[Approval]:
        statement = select(Approval).where(Approval.incident == self.story.number)
        return list(self.story.house.read_sync(lambda s: s.execute(statement).scalars().all()))

    def _key(self, at: int) -> str:
        keys = sorted(self.story.steps())
        return keys[at % len(keys)]

    def _risky(self, at: int) -> str:
        keys = [k for k, row in sorted(self.story.steps().items())
                if step_approval.asked_of(plan_of(row)) is not None]  # fmt: skip
        return keys[at % len(keys)]

    # --- moves ---

    def done(self, person: str, at: int) -> None:
        row = self.story.step(self._key(at))
        kinds = self.story.house.env.content.evidence
        forms = {"sha256": "a" * 64, "link": "https://e.example/1", "number": "12"}
        evidence = {key: forms.get(kinds[key].form, "kept") for key in row.plan["evidence"]}
        options = row.plan["options"]
        outcome = options[at % len(options)]["id"] if options else None
        self.story.do(person, walk.done, row.key, outcome=outcome, evidence=evidence)
        rule = step_approval.asked_of(plan_of(row))
        if rule is not None:
            found = [a for a in self._approvals() if a.subject_key == row.key]
            assert any(a.state == "approved" for a in found), "done without a yes"
        if row.rung in freeze.DESTRUCTIVE:
            incident, rung = self.story.incident, str(row.rung)
            answer = self.story.house.read_sync(lambda s: freeze.answer(s, incident, rung))
            assert answer is not None, "done, and nobody froze or decided to go without"

    def skip(self, person: str, at: int) -> None:
        self.story.do(person, walk.not_needed, self._key(at), "reason")

    def block(self, person: str, at: int) -> None:
        self.story.do(person, walk.block, self._key(at), "reason")

    def reopen(self, person: str, at: int) -> None:
        self.story.do(person, walk.reopen, self._key(at))

    def own(self, person: str, at: int) -> None:
        self.story.do(person, walk.take, self._key(at))

    def waive(self, person: str, at: int) -> None:
        self.story.do(person, walk.waive_preconditions, self._key(at), "reason")

    def ask(self, person: str, at: int) -> None:
        self.story.do(person, step_approval.ask_for_step, self._risky(at), what=f"action {at % 3}")

    def _answer(self, person: str, at: int, verb: Callable[..., Any], *more: str) -> None:
        found = self._approvals()
        # Mostly what waits, sometimes what is over.
        rows = [row for row in found if row.state == "waiting" and at % 5] or found
        if rows:
            row = rows[-1 - at % len(rows)]
            self.story.do(
                person, verb, row.number, row.digest, *more, subjects=rooms.approval_subjects()
            )

    def freeze(self, person: str, at: int) -> None:
        rung = [None, *freeze.DESTRUCTIVE][at % 6]
        if rung is not None and at % 4 == 0:
            self.story.do(person, freeze.go_without, rung, "reason")
        else:
            self.story.do(person, freeze.freeze, {"model": f"m{at}"}, rung)

    def give(self, person: str, at: int) -> None:
        self._answer(person, at, approvals.give)

    def refuse(self, person: str, at: int) -> None:
        self._answer(person, at, approvals.refuse, "no")

    def ratify(self, person: str, at: int) -> None:
        for row in self._approvals():
            self.story.do(person, approvals.ratify, row.number, row.digest)

    def role(self, person: str, at: int) -> None:
        self.story.do(person, roles.take, ROLES[at], "nobody answers")

    def severity(self, person: str, at: int) -> None:
        families = [("d",), ("c",), ("a", "d"), ()][at % 4]
        answers = Answers(harm=min(5, 6 - at), likelihood=3, families=families)
        self.story.do(person, assessing.answer, answers)
        self.story.do(person, assessing.set_severity, f"SEV{at}", reason="reason")

    def fact(self, person: str, at: int) -> None:
        names = ["secrets_exposed", "data_damaged", "exfiltration_live", "life_at_risk"]
        self.story.do(person, composing.learn, {names[at % 4]: [True, False, None][at % 3]})

    def criterion(self, person: str, at: int) -> None:
        rows = self.story.house.read_sync(lambda s: criteria.of_incident(s, self.story.number))
        verb = [criteria.met, criteria.waive, criteria.reopen][at % 3]
        self.story.do(person, verb, rows[at % len(rows)].key, "because")

    def turn(self, person: str, at: int) -> None:
        verbs: list[Callable[[], Any]] = [
            lambda: self.story.do(person, lifecycle.contain, "off"),
            lambda: self.story.do(person, lifecycle.resolve, "", "reason" if at % 2 else ""),
            lambda: self.story.do(person, lifecycle.reopen, "reason"),
        ]
        verbs[at % 3]()

    def wait(self, person: str, at: int) -> None:
        self.story.run.later(minutes=at)


@pytest.fixture(scope="module")
def one_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One house for all histories: each has an incident of its own."""
    folder = tmp_path_factory.mktemp("histories")
    made = houses.make_house(databases.sqlite_copy(sqlite_template, folder), folder)
    yield made
    houses.assert_proven(made)
    made.close()


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(history=st.lists(moves, min_size=5, max_size=25))
def test_whatever_people_do_the_record_holds(
    one_house: House, history: list[tuple[str, str, int]]
) -> None:
    story = Story(one_house).open(f"History {next(_told)}").take(ml=MAX, sre=SAM, product=PROD)
    story.assess("SEV2")
    Walkers(story).go(history)
    differences = one_house.read_sync(
        lambda s: check_incident(s, one_house.env.projectors, story.number)
    )
    assert not differences, differences[:5]


HELD = st.dictionaries(st.sampled_from(ROLES[1:]), people, min_size=2)
GROUPS = st.lists(
    st.lists(st.sampled_from(ROLES), min_size=1, max_size=3, unique=True), min_size=1, max_size=3
)


@settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    held=HELD, groups=GROUPS, quorum=st.integers(1, 3), emergency=st.booleans(), asker=people,
    answers=st.lists(people, min_size=3, max_size=10),
)  # fmt: skip
def test_it_is_approved_exactly_when_the_people_named_said_yes(
    one_house: House, held: dict[str, str], groups: list[list[str]], quorum: int,
    emergency: bool, asker: str, answers: list[str],
) -> None:  # fmt: skip
    story = Story(one_house).open(f"Rule {next(_told)}").take(**held)
    roles_of = {person: {r for r, p in held.items() if p == person} for person in PEOPLE}
    roles_of[ADA].add("commander")
    rule = ApprovalPlan(
        groups=tuple(tuple(group) for group in groups), quorum=quorum, emergency=emergency
    )
    with suppress(NotReady):
        story.do(
            asker, approvals.ask, subject="waiver", key="x", title="Go", digest="d" * 64, rule=rule
        )
    yes: set[str] = set()
    for person in answers:
        with suppress(Refusal):
            story.do(person, approvals.give, 1, "d" * 64, subjects={})
        right = roles_of[person] & {role for group in groups for role in group}
        over = _said(groups, quorum, yes, roles_of)
        alone = person == asker and not (
            emergency and roles_of[person] & {"commander", "ml", "sre", "security"}
        )
        if right and not alone and not over:
            yes.add(person)
    found = story.house.read_sync(lambda s: approvals.latest(s, story.number, "waiver", "x"))
    if found is None:
        # Refused at once: some group had nobody but the asker.
        assert not emergency
        assert any(
            {p for r, p in {**held, "commander": ADA}.items() if r in g} == {asker} for g in groups
        )
        return
    assert set(approvals.said_yes(found)) == yes
    assert (found.state == "approved") is _said(groups, quorum, yes, roles_of)


def _said(
    groups: list[list[str]], quorum: int, yes: set[str], roles_of: dict[str, set[str]]
) -> bool:
    """The rule, told a second time: every group heard, enough different people."""
    heard = all(any(roles_of[person] & set(group) for person in yes) for group in groups)
    return heard and len(yes) >= quorum
