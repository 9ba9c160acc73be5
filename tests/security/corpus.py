"""Texts that try to be more than text: to ring people, to lead astray, to run, to hide."""

from __future__ import annotations

EVIL = "evil.example"
HOSTILE = [
    "<!channel> <!here> <!everyone|all>",
    "<!subteam^S0ONCALL|@oncall> <@U77VICTIM> <@U77VICTIM|boss> <#C0SECRET|secret>",
    f"<https://{EVIL}/login|https://slack.com/signin>",
    f"<mailto:x@{EVIL}|security@slack.com> <slack://open|Open>",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "<!date^0^{date}^https://evil.example|now>",
    f"[click](https://{EVIL}/x) ![x](https://{EVIL}/i.png) <https://{EVIL}/y>",
    "[x](javascript:alert(1)) <a href='javascript:alert(1)'>x</a>",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"/><svg onload=alert(1)><circle/></svg>',
    "</title></style></textarea></td></table><h1>gone</h1>",
    "=HYPERLINK(\"https://evil.example\",\"x\")", "+1+cmd|' /C calc'!A0", "@SUM(1+1)*cmd",
    "{{ 7 * 7 }} {% for x in range(9) %}{{ x }}{% endfor %} ${7*7} #{7*7} {0.__class__} %s%n",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "line\nINFO forged=\"yes\"\r\n{\"event\": \"forged\"}\u2028{\"event\": \"forged\"}",
    "\x1b[2J\x1b]0;owned\x07\x9b31m red \x08\x08\x08",
    "abc\u202egnp.exe\u2066\u200b",
    "```\nfence\n``` `code` *bold* _it_ ~no~ > quote",
    "<![CDATA[x]]> <!ENTITY x SYSTEM 'file:///etc/passwd'> &x;",
    "../../../etc/passwd; rm -rf / | `id` $(id)",
]  # fmt: skip
ALL = " ".join(HOSTILE)
