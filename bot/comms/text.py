"""The exact text of a notice and the hash that stands for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.errors import BadInput
from bot.record.entry import canonical, clean_text

TITLE_MAX = 150
#: Slack's input box and section both end here, so a longer text could not be approved whole.
BODY_MAX = 3000


@dataclass(frozen=True, slots=True)
class Text:
    """What people outside will read, and for whom."""

    audience: str
    stage: str
    title: str
    body: str

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over the RFC 8785 JSON of audience, body, stage and title in UTF-8."""
        exact = {
            "audience": self.audience, "body": self.body, "stage": self.stage, "title": self.title,
        }  # fmt: skip
        return hashlib.sha256(canonical(exact).encode()).hexdigest()


def tidy(title: str, body: str) -> tuple[str, str]:
    """The form in which a text is kept, hashed and published.

    The title is one line. The body has ``\\n`` line ends, no spaces at the end of a line and no
    empty lines at either end. Raises ``BadInput`` for a text that is empty or too long.
    """
    title = " ".join(clean_text(title).split())
    lines = clean_text(body).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    body = "\n".join(line.rstrip() for line in lines).strip("\n")
    if not title:
        raise BadInput(
            "The notice needs a title.",
            instead="Say in a few words what it is about.",
            field="title",
        )
    if len(title) > TITLE_MAX:
        raise BadInput(
            f"The title has {len(title)} characters; {TITLE_MAX} is the most.", field="title"
        )
    if not body.strip():
        raise BadInput(
            "The notice has no text.", instead="Write what people must know.", field="body"
        )
    if len(body) > BODY_MAX:
        raise BadInput(
            f"The text has {len(body)} characters; {BODY_MAX} is the most.", field="body"
        )
    return title, body
