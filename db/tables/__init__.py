"""Every table, by room. Import from here so that the metadata is complete."""

from db.tables.base import metadata
from db.tables.comms import ActionItem, Notice, Postmortem
from db.tables.effects import EffectRow
from db.tables.incident import Incident, Member, RecordItem, RoleHolder
from db.tables.known import Known
from db.tables.playbook import Approval, ExitCriterion, Step
from db.tables.record import (
    Checkpoint,
    ContentRow,
    Delivery,
    EntryPrivate,
    EntryRow,
    EntryText,
    Head,
    TreeNode,
)

#: Tables that are readings of the record: dropping and rebuilding them loses nothing.
STATE_TABLES: tuple[type, ...] = (
    Incident,
    RoleHolder,
    Member,
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
    "Checkpoint",
    "ContentRow",
    "Delivery",
    "EffectRow",
    "EntryPrivate",
    "EntryRow",
    "EntryText",
    "ExitCriterion",
    "Head",
    "Incident",
    "Known",
    "Member",
    "Notice",
    "Postmortem",
    "RecordItem",
    "RoleHolder",
    "Step",
    "TreeNode",
    "metadata",
]
