"""The response at the command line, with no Slack and no other process: the same rules, the same record."""

from __future__ import annotations

import json
import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from bot.comms import approving
from bot.errors import Conflict, NotAllowed
from bot.house import House
from bot.incident import people, queries
from bot.record.entry import Actor
from bot.record.read import entries
from db.tables import EffectRow, Notice
from tests.integration.offline.conftest import Cli, Here
from tests.support.houses import Run

ADA, MAX, COM = "U01ADA", "U02MAX", "U03COM"


@pytest.fixture
def house(sqlite_house: House) -> House:
    """To look at the record."""
    return sqlite_house


def kinds(house: House, number: int = 1) -> list[str]:
    return house.read_sync(lambda session: [one.entry.kind for one in entries(session, number)])


def test_the_whole_course(cli: Cli, house: House) -> None:
    """Open, look, roles, facts, steps, severity, update, contain, resolve."""
    assert "INC-1 is open" in cli("incident", "open", "Leaks names", "--as", ADA).stdout
    assert "Leaks names" in cli("incident", "list").stdout
    cli("incident", "role", "INC-1", "ml", MAX, "--as", MAX)
    cli("incident", "hypothesis", "INC-1", "The new prompt", "--as", MAX)
    settled = house.read_sync(lambda s: list(entries(s, 1)))[-1].n
    cli(
        "incident",
        "hypothesis",
        "INC-1",
        "the log shows it",
        "--settle",
        str(settled),
        "--status",
        "supported",
        "--as",
        MAX,
    )
    cli("incident", "evidence", "INC-1", "Prompt v41", "--sha256", "ab" * 32, "--as", MAX)
    cli("incident", "severity", "INC-1", "sev2", "--as", ADA)
    cli("incident", "step", "INC-1", "take", "1", "--as", MAX)
    refused = cli("incident", "step", "INC-1", "done", "1", "--as", MAX, fails=True)
    assert "needs an answer" in refused.stderr and "--outcome no (No)" in refused.stderr
    cli("incident", "step", "INC-1", "done", "1", "--outcome", "no", "--as", MAX)
    cli("incident", "step", "INC-1", "skip", "3", "--reason", "nobody is at risk", "--as", ADA)
    twice = cli(
        "incident", "step", "INC-1", "skip", "3", "--reason", "again", "--as", ADA, fails=True
    )
    assert "already" in twice.stderr and "steadyhand incident step INC-1 reopen 3" in twice.stderr
    cli("incident", "update", "INC-1", "Names in 1 of 1,000 replies", "--as", ADA)
    cli("incident", "contain", "INC-1", "v41 is live", "--as", ADA)
    open_still = cli("incident", "resolve", "INC-1", "--as", ADA, fails=True)
    assert "Still open" in open_still.stderr
    cli("incident", "resolve", "INC-1", "--reason", "the rest is for tomorrow", "--as", ADA)
    shown = cli("incident", "show", "INC-1").stdout
    assert "SEV2, resolved" in shown and "[x]   1" in shown and "[-]   3" in shown
    line = cli("incident", "timeline", "INC-1").stdout
    assert "@U02MAX: Hypothesis: The new prompt" in line and "<@" not in line
    assert {one.source for one in house.read_sync(lambda s: list(entries(s, 1)))} <= {
        "cli",
        "schedule",
    }


def test_rights_are_judged_for_the_person(cli: Cli, house: House) -> None:
    """Whoever has not the right is told who has, and the attempt is on the record."""
    cli("incident", "open", "Leaks names", "--as", ADA)
    refused = cli("incident", "decide", "INC-1", "Switch it off", "--as", "U09EVE", fails=True)
    assert "@U01ADA" in refused.stderr and "<@" not in refused.stderr
    assert "decision.made" not in kinds(house) and "permission.denied" in kinds(house)
    cli("incident", "open", "Payroll in answers", "--private", "--as", ADA)
    assert (
        "There is no INC-2" in cli("incident", "show", "INC-2", "--as", "U09EVE", fails=True).stderr
    )
    assert "Payroll" not in cli("incident", "list", "--as", "U09EVE").stdout
    assert "There is no INC-2" in cli("incident", "note", "INC-2", "x", fails=True).stderr
    looked = house.read_sync(lambda s: list(entries(s, 2, kinds=["permission.denied"])))
    assert [one.entry.verb for one in looked] == ["view", "view"]
    assert looked[0].actor == "U09EVE" and looked[1].actor.startswith("cli:")


def test_somebody_whom_slack_does_not_know_is_not_written_to(cli: Cli, house: House) -> None:
    cli("incident", "open", "Leaks names", "--invite", ADA)
    rows = house.read_sync(lambda s: s.query(EffectRow).all())
    assert not [row.key for row in rows if "cli:" in json.dumps(row.payload)]
    assert [row.payload["users"] for row in rows if row.kind == "channel.invite"] == [[ADA]]


@pytest.fixture
def asked(cli: Cli, house: House, tmp_path: Path) -> Cli:
    """A notice that waits for approval; Max and Com hold the roles, Max is enrolled."""
    cli("incident", "open", "Leaks names", "--severity", "sev3", "--as", ADA)
    cli("incident", "role", "INC-1", "comms", COM, "--as", COM)
    cli("people", "enroll", ADA, "--key", str(tmp_path / "ada.key"))
    cli("people", "enroll", COM, "--key", str(tmp_path / "com.key"))
    text = (
        "We are looking into a problem with our assistant. Some people saw wrong answers. "
        "You need to do nothing. We will write again by 18:00 UTC today."
    )
    cli(
        "incident", "notice", "draft", "INC-1", "--title", "Wrong answers of the assistant",
        "--text", text, "--ask", "--as", COM,
    )  # fmt: skip
    return cli


def question(cli: Cli, person: str) -> str:
    said = cli("incident", "notice", "approve", "INC-1", "1", "--as", person).stdout
    return re.search(r"^approve:\S+$", said, re.MULTILINE)[0]  # type: ignore[index]


def test_an_approval_is_proven_and_bound_to_text_and_person(
    asked: Cli, house: House, tmp_path: Path
) -> None:
    key = tmp_path / "ada.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ask = question(asked, ADA)
    digest = house.read_sync(lambda s: s.get(Notice, (1, 1))).digest
    assert digest in ask and ADA in ask
    code = asked("incident", "confirm-code", ask, "--key", str(key)).stdout.strip()
    for wrong in ("x.y", code[:-4] + "AAAA", "."):
        no = asked(
            "incident", "notice", "approve", "INC-1", "1", "--as", ADA, "--code", wrong, fails=True
        )
        assert "does not prove" in no.stderr
    tried = house.read_sync(lambda s: list(entries(s, 1, kinds=["permission.denied"])))
    assert [(one.actor, one.entry.verb) for one in tried] == [(ADA, "prove")], "forging is noted"
    said = asked("incident", "notice", "approve", "INC-1", "1", "--as", ADA, "--code", code).stdout
    assert "approve" in said
    last = house.read_sync(lambda s: list(entries(s, 1, kinds=["notice.approved"])))[-1]
    public = house.read_sync(lambda s: people.enrolled(s, ADA)).public
    assert last.actor == ADA and last.source == "cli" and last.entry.digest == digest
    assert people.verified(public, ask, last.entry.proof["signature"])
    record = house.read_sync(lambda s: [one.entry for one in entries(s, kinds=["person.enrolled"])])
    assert json.loads(key.read_text())["private"] not in str(record)
    assert json.loads(key.read_text())["token"] not in str(record)


def test_authors_still_cannot_approve_their_own_text(asked: Cli, tmp_path: Path) -> None:
    """A proof of who somebody is gives no right that they do not have."""
    ask = question(asked, COM)
    code = asked("incident", "confirm-code", ask, "--key", str(tmp_path / "com.key")).stdout.strip()
    no = asked(
        "incident", "notice", "approve", "INC-1", "1", "--as", COM, "--code", code, fails=True
    )
    assert "somebody else must approve" in no.stderr


def test_a_question_is_for_one_person_one_text_one_time(
    asked: Cli, house: House, tmp_path: Path
) -> None:
    key = json.loads((tmp_path / "ada.key").read_text())
    run = Run(house)

    def approve(person: str, code: str, source: str = "cli") -> str:
        def verb(tx):  # type: ignore[no-untyped-def]
            row = queries.get(tx.session, 1)
            digest = tx.session.get(Notice, (1, 1)).digest
            return approving.approve(tx, row, 1, digest, code)

        return run(person, verb, source=source)

    def ask(person: str) -> str:
        def verb(tx):  # type: ignore[no-untyped-def]
            digest = tx.session.get(Notice, (1, 1)).digest
            return people.question(tx, queries.get(tx.session, 1), "notice-1", digest)

        return house.change_sync(Actor(person, "cli"), verb)

    with pytest.raises(NotAllowed, match="not prove"):
        approve(ADA, people.answer(ask(COM), key["private"]))  # a question put to somebody else
    with pytest.raises(NotAllowed, match="not prove"):
        approve(ADA, "", source="web")
    with pytest.raises(NotAllowed, match="not enrolled"):
        ask("U09EVE")
    old = people.answer(ask(ADA), key["private"])
    house.clock.advance(timedelta(minutes=10))
    with pytest.raises(Conflict, match="ten minutes"):
        approve(ADA, old)
    code = people.answer(ask(ADA), key["private"])
    approve(ADA, code)
    with pytest.raises(Conflict):
        approve(ADA, code)


def test_only_the_operator_enrols(house: House) -> None:
    _, public = people.new_key()
    for by in (Actor(ADA, "cli"), Actor(ADA, "slash"), Actor("cli:ann", "web")):
        with pytest.raises(NotAllowed):
            house.change_sync(by, lambda tx: people.enrol(tx, ADA, public, "t"))


def test_a_key_that_others_can_read_is_refused(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "max.key"
    cli("people", "enroll", MAX, "--key", str(path))
    assert "exists" in cli("people", "enroll", MAX, "--key", str(path), fails=True).stderr
    path.chmod(0o644)
    ask = f"approve:{MAX}:INC-1:notice-1:{'0' * 64}:{'0' * 18}"
    assert (
        "chmod 600" in cli("incident", "confirm-code", ask, "--key", str(path), fails=True).stderr
    )
    cli("people", "end", MAX, "--reason", "the laptop is lost")
    assert "Nobody" in cli("people", "list").stdout


def test_all_parts_of_what_goes_on_the_record_have_an_option(here: Here, house: House) -> None:
    """A decision with its grounds, evidence with its keeper, what came late with why; one read whole."""
    here(ADA, "incident", "open", "Leaks names")
    here(ADA, "incident", "note", "INC-1", "8 of 10 leak")
    fact = house.read_sync(lambda s: list(entries(s, 1)))[-1].n
    here(
        ADA, "incident", "decide", "INC-1", "Roll back", "--because", "it leaks", "--fact", str(fact),
        "--instead-of", "Wait", "--affected-groups", "Patients", "--confidence", "confirmed",
        "--dissent", "Max: too early", "--expires-at", "2099-01-01T00:00Z",
    )  # fmt: skip
    made = house.read_sync(lambda s: list(entries(s, 1, kinds=["decision.made"])))[-1]
    assert made.entry.facts == [fact] and made.entry.affected_groups == "Patients"
    assert [one["label"] for one in made.entry.options] == ["Roll back", "Wait"]
    assert made.entry.expires_at == "2099-01-01T00:00:00.000Z"
    whole = here(ADA, "incident", "timeline", "INC-1", "--entry", str(made.n)).out
    assert "People affected: Patients" in whole and "Dissent: Max: too early" in whole
    for wrong in ("yesterday", "2026-01-01T10:00"):
        refused = here(ADA, "incident", "note", "INC-1", "x", "--at", wrong, code=1)
        assert "2026-11-21T08:40Z" in refused.err
    late = ("--at", "2026-01-01T10:00Z")
    refused = here(ADA, "incident", "evidence", "INC-1", "log", *late, code=1)
    assert "Say it in a few words." in refused.err
    here(
        ADA, "incident", "evidence", "INC-1", "log", *late, "--late", "in a ticket", "--source", "gateway",
        "--custodian", "Max",
    )  # fmt: skip
    kept = house.read_sync(lambda s: list(entries(s, 1, kinds=["evidence.added"])))[-1]
    assert (kept.entry.source, kept.entry.custodian, kept.late_reason) == (
        "gateway",
        "Max",
        "in a ticket",
    )
    here(ADA, "incident", "withdraw", "INC-1", str(fact), "--reason", "counted twice")
    line = here(ADA, "incident", "timeline", "INC-1").out
    assert "8 of 10 leak (withdrawn by" in line and "(late: in a ticket)" in line


def test_what_is_typed_can_be_stored(here: Here, house: House) -> None:
    """A terminal that does not speak UTF-8, and numbers that no database holds."""
    here(ADA, "incident", "open", "Leaks na\udcfcmes")
    here(ADA, "incident", "note", "INC-1", "seen \udcff")
    (note,) = house.read_sync(lambda s: list(entries(s, 1, kinds=["note.added"])))
    assert note.entry.text == "seen ?"
    for words in (
        ("action", "done", "INC-1"),
        ("correct", "INC-1"),
        ("approvals", "show", "INC-1"),
    ):
        assert "number of nothing" in here(ADA, "incident", *words, "9" * 20, "x", code=2).err


def test_a_file_without_a_key_is_trusted_by_nobody(
    here: Here, house: House, tmp_path: Path
) -> None:
    here(ADA, "incident", "open", "Leaks names")
    here(ADA, "keys", "make")
    for junk in (b"", b" \n\n", b"\xff\xfe", b"a+b+c\n"):
        (tmp_path / "junk").write_bytes(junk)
        said = here(ADA, "verify", "--key", str(tmp_path / "junk"), code=1)
        assert "not a verifier key" in said.err and "whole" not in said.out
        assert (
            "no checkpoint"
            in here(ADA, "verify", "--checkpoints", str(tmp_path / "junk"), code=1).err
        )
    kept = (tmp_path / "signing-key").read_bytes()
    (tmp_path / "signing-key").write_bytes(b"\xff")
    assert "does not hold one" in here(ADA, "checkpoint", code=2).err
    (tmp_path / "signing-key").write_bytes(kept)
    here(ADA, "checkpoint")


def test_to_verify_an_incident_that_is_not_there_proves_nothing(here: Here, house: House) -> None:
    here(ADA, "incident", "open", "Leaks names")
    assert "INC-1 is whole" in here(ADA, "verify", "INC-1").out
    said = here(ADA, "verify", "INC-9", code=1)
    assert "There is no INC-9" in said.err and "whole" not in said.out
