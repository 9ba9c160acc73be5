"""Forms carry the channel they were opened in, and acting in an incident's channel is a right.

What a form carries comes back from outside, so the channel counts only under our own seal, for the
person and the form it was made for. Without it everything else still works: ids are judged again.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from bot.slack import kit

MARK, PLACE = "m", "c"


class Seal:
    """Seals views on their way out and looks at the seal when they come back."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"steadyhand forms\x00" + secret.encode()).digest()

    def close(self, view: kit.Element, person: str) -> kit.Element:
        """The view with its seal, when it carries a channel."""
        carried = kit.unpack(view.get("private_metadata"))
        if PLACE not in carried:
            return view
        sealed = {**carried, MARK: self._mark(carried, str(view.get("callback_id")), person)}
        return {**view, "private_metadata": kit.pack(**sealed)}

    def open(self, view: dict[str, Any], person: str) -> dict[str, Any]:
        """What the view carried; the channel only if we sealed it for this person and this form."""
        carried = kit.unpack(view.get("private_metadata"))
        mark = carried.pop(MARK, "")
        wanted = self._mark(carried, str(view.get("callback_id")), person)
        if not hmac.compare_digest(str(mark).encode(), wanted.encode()):
            carried.pop(PLACE, None)
        return carried

    def _mark(self, carried: dict[str, Any], callback: str, person: str) -> str:
        rest = {name: value for name, value in carried.items() if name != MARK}
        words = "\x1f".join([person, callback, kit.pack(**rest)])
        return hmac.new(self._key, words.encode(), hashlib.sha256).hexdigest()[:32]
