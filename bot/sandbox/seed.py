"""The people, channels and talk that every sandbox starts with."""

from __future__ import annotations

from bot.sandbox.state import BOT_USER, Member, Message, Workspace

PEOPLE = (
    ("U01ADA", "ada", "Ada Okafor", "Incident commander", "#7c3aed", "Europe/London"),
    ("U02MLE", "max", "Max Lindqvist", "ML engineer", "#2563eb", "Europe/Stockholm"),
    ("U03COM", "cleo", "Cleo Martin", "Communications lead", "#db2777", "Europe/Paris"),
    ("U04PRV", "priya", "Priya Raman", "Privacy officer", "#0d9488", "Europe/Dublin"),
    ("U05EXE", "evan", "Evan Brooks", "Executive", "#b45309", "America/New_York"),
    ("U06SEC", "sam", "Sam Novak", "Security", "#dc2626", "Europe/Prague"),
    ("U07LEG", "lena", "Lena Fischer", "Legal", "#4d7c0f", "Europe/Berlin"),
    ("U08PRO", "pat", "Pat Silva", "Product owner", "#0369a1", "Europe/Lisbon"),
)

CHANNELS = (
    ("general", "Company-wide news and work matters"),
    ("incidents", "Every incident that is open or was closed lately"),
    ("support", "What customers tell us"),
    ("ml-platform", "Models, training, serving"),
)

TALK = (
    ("support", "U08PRO", "Morning! Anything from the weekend queue I should know about?"),
    (
        "support",
        "U03COM",
        "Three people wrote about slow answers on Saturday. Back to normal since Sunday noon.",
    ),
    (
        "support",
        "U08PRO",
        "This one is different. A customer asked the assistant about a refund and got: "
        '"People like you always want something for free. Read the contract, if you can read." '
        "Screenshot is in ticket 48211.",
    ),
    ("support", "U03COM", "Oh no. Is that one answer or are there more?"),
    (
        "support",
        "U08PRO",
        "Two more with the same tone since 08:40, both about refunds. One already posted it "
        "publicly.",
    ),
    ("ml-platform", "U02MLE", "v41 of the support assistant is at 100 % since 08:30."),
    ("ml-platform", "U06SEC", "Were the safety evals run on the new refund prompt too?"),
    (
        "ml-platform",
        "U02MLE",
        "On the general set, yes. The refund prompt changed after that, let me check.",
    ),
)


def seed(workspace: Workspace, bot_name: str) -> None:
    """Fills an empty workspace. Ids of people are fixed; the bot is in no channel yet."""
    for uid, name, real_name, title, color, tz in PEOPLE:
        email = f"{name}@example.com"
        workspace.add_person(Member(uid, name, real_name, title, color, email=email, tz=tz))
    workspace.add_person(
        Member(BOT_USER, bot_name, bot_name.capitalize(), "App", "#1f3a5f", is_bot=True, tz="UTC")
    )
    _channels(workspace)
    _talk(workspace)
    workspace.usergroups["S0ONCALL"] = {
        "id": "S0ONCALL",
        "handle": "ml-oncall",
        "name": "ML on call",
        "users": ["U02MLE", "U06SEC"],
    }


def _channels(workspace: Workspace) -> None:
    everyone = [uid for uid, *_ in PEOPLE]
    for name, purpose in CHANNELS:
        channel = workspace.add_channel(name, everyone[0], members=everyone)
        channel.purpose = purpose
        channel.is_general = name == "general"
    announcements = workspace.by_name("incidents")
    if announcements is not None:  # the bot is invited where it is to announce
        announcements.members.append(BOT_USER)


def _talk(workspace: Workspace) -> None:
    for name, user, text in TALK:
        channel = workspace.by_name(name)
        if channel is not None:
            workspace.post(Message(workspace.new_ts(), channel.id, user, text))
