"""A whole incident, from the message that it was opened from to the review, for documents."""

from __future__ import annotations

from datetime import timedelta

from bot.action import verbs as action
from bot.comms import cadence
from bot.house import House
from bot.incident import assessing, items, lifecycle, queries, roles
from bot.incident.opening import Evidence, open_incident
from bot.incident.severity import answers_from
from bot.playbook import criteria
from bot.postmortem import verbs as postmortem
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import Incident
from tests.support.houses import Run
from tests.support.outside import Outside

ADA, MAX, SAM, REX = "U01ADA", "U02MAX", "U03SAM", "U04REX"
LINK = "https://acme.slack.com/archives/C1/p1700000000000100"


class Afterwards:
    """Ada commands, Max is the model on-call, Sam takes over command, Rex is responsible for AI."""

    def __init__(self, house: House, text: str = "", **opening: bool) -> None:
        self.house, self.run, self.outside = house, Run(house), Outside(house)
        self.text = text
        seen = house.clock.now() - timedelta(minutes=12)
        message = Evidence("C1", "17.1", rfc3339(seen), f"It called me ugly {text}", "U09EVE", LINK)
        title = f"Assistant insults customers {text}"[:150]
        self.number = self.run(
            ADA, lambda tx: open_incident(tx, title, evidence=message, **opening)
        ).number
        self.outside.settle()

    def do(self, person, verb, *args, **more):  # type: ignore[no-untyped-def]
        """A person in the channel does something; what follows from it happens."""

        def job(tx: Tx) -> object:
            return verb(tx, queries.get(tx.session, self.number), *args, **more)

        done = self.run(person, job, channel=f"C0INC{self.number}")
        self.outside.settle()
        return done

    def see(self, look):  # type: ignore[no-untyped-def]
        """Read: ``see(lambda session, incident: …)``."""
        return self.house.read_sync(lambda s: look(s, queries.get(s, self.number)))

    def incident(self) -> Incident:
        """The incident's row."""
        return self.see(lambda session, row: row)

    def response(self) -> None:
        """Severity, roles, facts, decisions, a correction, a late entry, containment."""
        for role, person in (("ml", MAX), ("safety", REX)):
            self.do(person, roles.take, role)
        answers = answers_from(
            self.house.env.content.severity,
            {"harm": "4", "likelihood": "4", "people": "1", "vulnerable": "0", "ongoing": "1"},
            ["a"],
        )
        self.do(ADA, assessing.answer, answers)
        self.do(ADA, assessing.set_severity, "SEV2")
        self.run.later(minutes=9)
        self.do(ADA, cadence.post_update, f"Insults in 0.9 % of replies {self.text}")
        guess = self.do(MAX, items.suppose, f"The new prompt lost the style rule {self.text}")
        kept = self.do(
            MAX, items.evidence, "Prompt v41 and v42 side by side",
            location="https://git.example/prompts/v42", sha256="ab" * 32,
        )  # fmt: skip
        wrong = self.do(MAX, items.note, "It began on Monday")
        self.do(MAX, items.correct, wrong.n, f"It began on Tuesday {self.text}", "read the log")
        gone = self.do(MAX, items.note, f"The vendor is down {self.text}")
        self.do(ADA, items.withdraw, gone.n, f"It was another vendor {self.text}")
        earlier = self.house.clock.now() - timedelta(minutes=40)
        self.do(MAX, items.note, "The canary looked fine", at=earlier, late="the tool was down")
        self.do(MAX, items.settle, guess.n, "supported", f"rolled back, gone {self.text}", [kept.n])
        self.do(
            ADA, items.decide, f"Roll back to prompt v41 {self.text}",
            options=[
                {"label": f"Roll back {self.text}", "harm_reduction": f"stops at once {self.text}",
                 "side_effects": f"Fixes are lost {self.text}"},
                {"label": "Wait"},
            ],
            chosen="Roll back", rationale=f"Two people confirmed it {self.text}",
            reversibility="reversible", rollback="deploy v42 again", facts=[kept.n],
            dissent=[f"<@{MAX}> wanted a filter first {self.text}"],
        )  # fmt: skip
        self.run.later(minutes=15)
        self.do(ADA, lifecycle.contain, f"v41 is live, no insult for 15 minutes {self.text}")

    def ending(self) -> None:
        """Another commander, a waived criterion, the end with what is still open."""
        self.do(ADA, roles.assign, "commander", SAM)
        self.do(SAM, roles.accept, "commander")
        first = self.see(lambda s, row: criteria.of_incident(s, row.number))[0].key
        self.do(SAM, criteria.waive, first, f"Not measurable here {self.text}")
        self.run.later(hours=3)
        self.do(SAM, lifecycle.resolve, f"A prompt lost a rule {self.text}", "drills next week")

    def afterwards(self) -> None:
        """What people write, and an action item."""
        for key in ("summary", "impact_people", "impact_harm", "went_well", "lucky"):
            self.do(MAX, postmortem.write, key, f"About {key}, first line\nsecond line {self.text}")
        self.do(MAX, postmortem.name_factor, f"No test held the style rule {self.text}", [2, 4])
        due = self.house.clock.now() + timedelta(days=9)
        self.do(
            SAM, action.add, f"Test the style rule {self.text}"[:900], owner=MAX, due_at=due,
            proof_wanted=f"a failing test {self.text}"[:900],
        )  # fmt: skip

    def whole(self) -> Afterwards:
        """All of it."""
        self.response()
        self.ending()
        self.afterwards()
        return self
