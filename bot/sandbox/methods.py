"""Facts about the Web API methods that the sandbox answers: tier, scopes, arguments.

Source: docs.slack.dev/reference/methods as of 2026-08. Scopes are alternatives; where they depend
on the kind of conversation, they are listed by kind. An argument is `name` or `name!` (required)
and a type: s string, b boolean, i integer, j JSON, l comma-separated list, t message timestamp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

Scopes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Method:
    """What Slack says about one method."""

    tier: str
    args: str = ""
    scopes: Scopes = field(default_factory=dict)
    needs_app_token: bool = False

    @cached_property
    def types(self) -> dict[str, str]:
        """The type letter of each argument."""
        return {w.split(":")[0].rstrip("!"): w.split(":")[1] for w in self.args.split()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The arguments that must be there."""
        return tuple(w.split("!")[0] for w in self.args.split() if "!:" in w)

    @cached_property
    def any_scope(self) -> frozenset[str]:
        """All scopes with which the method may be called for some kind of conversation."""
        return frozenset(s for scopes in self.scopes.values() for s in scopes)


def _one(*scopes: str) -> Scopes:
    return {"": scopes}


def _kinds(verb: str, **more: tuple[str, ...]) -> Scopes:
    return {k: (f"{k}:{verb}",) for k in ("channels", "groups", "im", "mpim")} | dict(more)


_READ = _kinds("read")
_HISTORY = _kinds("history")
_WRITE = _kinds("write", channels=("channels:manage", "channels:write"))
_INVITE = _kinds(
    "write",
    channels=("channels:manage", "channels:write.invites"),
    groups=("groups:write", "groups:write.invites"),
)
_TOPIC = _kinds(
    "write",
    channels=("channels:manage", "channels:write.topic"),
    groups=("groups:write", "groups:write.topic"),
    im=("im:write", "im:write.topic"),
)
_CHAT = _one("chat:write")
_POST = (
    "text:s blocks:j attachments:j thread_ts:t metadata:j markdown_text:s unfurl_links:b"
    " unfurl_media:b parse:s link_names:b mrkdwn:b reply_broadcast:b"
)
_PAGE = "cursor:s limit:i"

METHODS: dict[str, Method] = {
    "api.test": Method("4", "error:s foo:s"),
    "apps.connections.open": Method("3", needs_app_token=True),
    "auth.test": Method("special"),
    "bookmarks.add": Method(
        "2",
        "channel_id!:s title!:s type!:s link:s emoji:s entity_id:s access_level:s parent_id:s",
        _one("bookmarks:write"),
    ),
    "bookmarks.edit": Method(
        "2", "channel_id!:s bookmark_id!:s title:s link:s emoji:s", _one("bookmarks:write")
    ),
    "bookmarks.list": Method("3", "channel_id!:s", _one("bookmarks:read")),
    "bookmarks.remove": Method(
        "2", "channel_id!:s bookmark_id!:s quip_section_id:s", _one("bookmarks:write")
    ),
    "bots.info": Method("3", "bot:s team_id:s", _one("users:read")),
    "chat.delete": Method("3", "channel!:s ts!:t as_user:b", _CHAT),
    "chat.getPermalink": Method("special", "channel!:s message_ts!:t"),
    "chat.postEphemeral": Method("4", f"channel!:s user!:s {_POST}", _CHAT),
    "chat.postMessage": Method(
        "special",
        f"channel!:s {_POST} username:s icon_emoji:s icon_url:s as_user:b",
        _CHAT,
    ),
    "chat.update": Method(
        "3",
        "channel!:s ts!:t text:s blocks:j attachments:j metadata:j markdown_text:s parse:s"
        " link_names:b as_user:b reply_broadcast:b file_ids:j",
        _CHAT,
    ),
    "conversations.archive": Method("2", "channel!:s", _WRITE),
    "conversations.create": Method("2", "name!:s is_private:b team_id:s user_ids:l", _WRITE),
    "conversations.history": Method(
        "3",
        f"channel!:s {_PAGE} oldest:s latest:s inclusive:b include_all_metadata:b",
        _HISTORY,
    ),
    "conversations.info": Method("3", "channel!:s include_locale:b include_num_members:b", _READ),
    "conversations.invite": Method("3", "channel!:s users!:l force:b", _INVITE),
    "conversations.join": Method("3", "channel!:s", _one("channels:join")),
    "conversations.kick": Method("3", "channel!:s user!:s", _WRITE),
    "conversations.leave": Method("3", "channel!:s", _WRITE),
    "conversations.list": Method("2", f"types:s exclude_archived:b team_id:s {_PAGE}", _READ),
    "conversations.members": Method("4", f"channel!:s {_PAGE}", _READ),
    "conversations.open": Method(
        "3",
        "channel:s users:l return_im:b prevent_creation:b",
        _kinds("write", channels=("channels:manage",)),
    ),
    "conversations.rename": Method("2", "channel!:s name!:s", _WRITE),
    "conversations.replies": Method(
        "3",
        f"channel!:s ts!:t {_PAGE} oldest:s latest:s inclusive:b include_all_metadata:b",
        _HISTORY,
    ),
    "conversations.setPurpose": Method("2", "channel!:s purpose!:s", _TOPIC),
    "conversations.setTopic": Method("2", "channel!:s topic!:s", _TOPIC),
    "conversations.unarchive": Method("2", "channel!:s", _WRITE),
    "files.completeUploadExternal": Method(
        "4",
        "files!:j channel_id:s channels:l initial_comment:s thread_ts:t blocks:j",
        _one("files:write"),
    ),
    "files.getUploadURLExternal": Method(
        "4", "filename!:s length!:i alt_txt:s snippet_type:s", _one("files:write")
    ),
    "files.info": Method("4", f"file!:s count:i page:i {_PAGE}", _one("files:read")),
    "files.list": Method(
        "3",
        "channel:s user:s count:i page:i types:s ts_from:s ts_to:s show_files_hidden_by_limit:b",
        _one("files:read"),
    ),
    "pins.add": Method("2", "channel!:s timestamp:t", _one("pins:write")),
    "pins.list": Method("2", "channel!:s", _one("pins:read")),
    "pins.remove": Method("2", "channel!:s timestamp:t", _one("pins:write")),
    "reactions.add": Method("3", "channel!:s name!:s timestamp!:t", _one("reactions:write")),
    "reactions.get": Method("3", "channel:s timestamp:t full:b", _one("reactions:read")),
    "reactions.remove": Method("2", "name!:s channel:s timestamp:t", _one("reactions:write")),
    "team.info": Method("3", "team:s domain:s", _one("team:read")),
    "usergroups.list": Method(
        "2", "include_users:b include_count:b include_disabled:b team_id:s", _one("usergroups:read")
    ),
    "usergroups.users.list": Method(
        "2", "usergroup!:s include_disabled:b team_id:s", _one("usergroups:read")
    ),
    "users.conversations": Method(
        "3", f"user:s types:s exclude_archived:b team_id:s {_PAGE}", _READ
    ),
    "users.info": Method("4", "user!:s include_locale:b", _one("users:read")),
    "users.list": Method("2", f"include_locale:b team_id:s {_PAGE}", _one("users:read")),
    "users.lookupByEmail": Method("3", "email!:s", _one("users:read.email")),
    "views.open": Method("4", "view!:j trigger_id:s interactivity_pointer:s"),
    "views.publish": Method("4", "user_id!:s view!:j hash:s"),
    "views.push": Method("4", "view!:j trigger_id:s interactivity_pointer:s"),
    "views.update": Method("4", "view!:j view_id:s external_id:s hash:s"),
}

RETIRED = frozenset({"files.upload", "rtm.start", "channels.create", "groups.create", "im.open"})
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "channel_archive": "channels:read",
    "channel_created": "channels:read",
    "channel_deleted": "channels:read",
    "channel_rename": "channels:read",
    "channel_unarchive": "channels:read",
    "group_archive": "groups:read",
    "group_rename": "groups:read",
    "group_unarchive": "groups:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "pin_added": "pins:read",
    "pin_removed": "pins:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}
