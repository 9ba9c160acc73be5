"""Every table, by room. Import from here so that the metadata is complete."""

from db.tables.base import metadata
from db.tables.comms import ActionItem, Notice, Postmortem
from db.tables.effects import EffectRow
from db.tables.incident import Incident, RecordItem, RoleHolder
from db.tables.playbook import Approval, ExitCriterion, Step
from db.tables.record import ContentRow, Delivery, EntryPrivate, EntryRow, Head

#: Tables that are readings of the record: dropping and rebuilding them loses nothing.
STATE_TABLES: tuple[type, ...] = (
    Incident,
    RoleHolder,
    RecordItem,
    Step,
    Approval,
    ExitCriterion,
    Notice,
    ActionItem,
    Postmortem,
)

__all__ = [
    "STATE_TABLES",
    "ActionItem",
    "Approval",
    "ContentRow",
    "Delivery",
    "EffectRow",
    "EntryPrivate",
    "EntryRow",
    "ExitCriterion",
    "Head",
    "Incident",
    "Notice",
    "Postmortem",
    "RecordItem",
    "RoleHolder",
    "Step",
    "metadata",
]
