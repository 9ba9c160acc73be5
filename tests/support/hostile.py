"""Texts that try to become something else in a document: markup, links, mentions, formulas."""

from __future__ import annotations

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '<img src=x onerror="alert(1)">',
    "svg": '"/><svg onload=alert(1)><circle/></svg>',
    "close": "</title></style></td></table></script><h1>gone</h1>",
    "link": "[click](https://evil.example/x) <https://evil.example/y>",
    "java": "[x](javascript:alert(1)) javascript:alert(1)",
    "reference": "[a]: https://evil.example/z\n\n[a] ![i](https://evil.example/i.png)",
    "heading": "# Heading\n\nHeading 2\n===\n\n- list\n1. one\n> quote\n\n    code\n```\nfence\n```",
    "table": "a | b\n--- | ---\n1 | 2",
    "emphasis": "**bold** _it_ ~~no~~ `code` \\*",
    "bare": "see https://evil.example/q and www.evil.example or a@evil.example",
    "formula": '=HYPERLINK("https://evil.example","x") +1 -1 @SUM(A1) |cmd',
    "template": "{{ 7 * 7 }} {% raw %} ${x}",
    "entity": "&lt;b&gt; &#60;script&#62; &amp;",
    "direction": "abc\u202egnp.exe\u2066 \x00\x07\x1b[31m",
    "slack": "<!channel> <!subteam^S1|@oncall> <#C1|secret> <@U0STRANGER|eve> <https://a.example|label>",
}
ALL = "\n".join(HOSTILE.values())
