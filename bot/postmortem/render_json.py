"""The document as JSON: keys in a settled order, times in RFC 3339, described in docs/reference."""

from __future__ import annotations

import json

from bot.postmortem.model import Document


def render(document: Document) -> bytes:
    """UTF-8, indented by two, ending in a newline. The same document gives the same bytes."""
    body = document.model_dump(mode="json")
    # Text that could end a script element or a comment stays harmless when pasted into a page.
    text = json.dumps(body, indent=2, ensure_ascii=False)
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return (text + "\n").encode()
