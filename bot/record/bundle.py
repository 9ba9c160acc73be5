"""The bundle of one incident: a file that proves itself to somebody without our software.

The order of trust, from the outside in: a signed checkpoint made at the export covers the record's
last entry, which is the export itself; that entry holds the hash of ``manifest.json``; the manifest
holds the hash of every other file. Each entry proves its place in the record by its Merkle path.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import col

from bot.errors import NotReady
from bot.incident.queries import get
from bot.incident.rights import require
from bot.record import catalogue as c
from bot.record import checkpoint, keys
from bot.record.entry import canonical
from bot.record.merkle import Tree
from bot.record.tx import Tx
from db.tables import Checkpoint, ContentRow, EntryPrivate, EntryRow, Incident

FORMAT = "steadyhand-bundle/1"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_VERIFIER = Path(__file__).parent / "verifier" / "verify_bundle.py"
_HOUSE = (c.KeyIntroduced.kind, c.KeyRetired.kind)
_APPROVALS = ("approval.", "notice.approved", "notice.submitted", "notice.published")
README = """\
This is the record of INC-{number} as Steadyhand kept it, and the means to check it.

To check it, with nothing but Python 3.11 or later:

    python3 verify_bundle.py BUNDLE --key KEY --checkpoints FILE

BUNDLE       this file, unopened
KEY          the public key you were given by another way than this bundle (a contract, a call)
FILE         checkpoints that you kept, or copied from the incident's channel in Slack

Take verify_bundle.py from a source that you trust rather than from here; it is short enough to read.
Without --key the verifier shows that the bundle agrees with itself and with the key inside it, and
prints that key's SHA-256 for you to compare.

entries.jsonl      every entry as it was hashed, with the private values that may be shown here
seal.json          the export's own entry, the signed checkpoint over it, and the Merkle proofs
checkpoints.txt    earlier checkpoints since the incident began
keys.txt           public keys that signed them
manifest.json      SHA-256 of every file; its own stands in the export's entry
content/           playbook modules exactly as the incident ran with them, named by their SHA-256
evidence.json, approvals.json   where evidence and approvals stand among the entries

A value that is missing was erased, is privileged, or may not be shown to whoever exported this; its
commitment, a salted SHA-256, stands in the entry all the same. The whole does not prove that
what people wrote was true, only that it was not changed afterwards.
"""


#: Stands before everything in the bundle of a drill.
DRILL = "DRILL. This was an exercise; nothing of it happened to real people.\n\n"


@dataclass(frozen=True, slots=True)
class _Line:
    doc: str
    seq: int
    private: dict[str, Any]


def export(tx: Tx, number: int, *, values: bool | None = None) -> bytes:
    """The bundle of an incident, put on the record as handed out.

    ``values`` says whether private values go along: by default they do, except for a private
    incident exported from the command line, where nobody's right to see them is known. Privileged
    notes never do. Raises ``NotReady`` without a signing key.
    """
    incident = get(tx.session, number)
    if tx.by.source != "cli":
        require(tx, "export", incident)
    if values is None:
        values = not (incident.private and tx.by.source == "cli")
    tx.batch.flush()
    keys.signing(tx.session, tx.env.signer)
    lines = _lines(tx, number, values)
    first = next(line.seq for line in lines if json.loads(line.doc)["n"] == 1)
    older = _older(tx, first)
    files = {**_files(tx, incident, lines, older), "README.txt": _readme(incident)}
    manifest = canonical(
        {
            "format": FORMAT, "incident": number,
            "files": {name: _sha(text) for name, text in files.items()},
        }
    )  # fmt: skip
    files["manifest.json"] = manifest
    files["seal.json"] = _seal(tx, number, _sha(manifest), lines, older)
    return _zip(files)


def _readme(incident: Incident) -> str:
    return (DRILL if incident.kind == "drill" else "") + README.format(number=incident.number)


def _lines(tx: Tx, number: int, values: bool) -> list[_Line]:
    """The incident's entries, and those about keys, in the record's order."""
    statement = (
        select(EntryRow, EntryPrivate)
        .outerjoin(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .where(or_(col(EntryRow.incident) == number, col(EntryRow.kind).in_(_HOUSE)))
        .order_by(col(EntryRow.seq))
    )
    out = []
    kinds = {kind.kind: kind for kind in c.all_kinds().values()}
    for row, private in tx.session.execute(statement):
        closed = kinds[row.kind].privileged_fields()
        shown = values and row.incident is not None and private is not None
        body = {k: v for k, v in private.body.items() if k not in closed} if shown else {}
        out.append(_Line(row.doc, row.seq, body))
    return out


def _older(tx: Tx, first: int) -> list[Checkpoint]:
    """Checkpoints since the incident began, and the first one over each key."""
    begins = [key.since for key in keys.known(tx.session).values()]
    statement = select(Checkpoint).order_by(col(Checkpoint.seq))
    rows = list(tx.session.execute(statement.where(col(Checkpoint.size) >= first)).scalars())
    for since in begins:
        found = tx.session.execute(statement.where(col(Checkpoint.size) >= since).limit(1)).scalar()
        rows += [found] if found is not None else []
    return sorted({row.seq: row for row in rows}.values(), key=lambda row: row.seq)


def _files(
    tx: Tx, incident: Incident, lines: list[_Line], older: list[Checkpoint]
) -> dict[str, str]:
    docs = [json.loads(line.doc) for line in lines]
    own = [doc for doc in docs if doc["incident"] == incident.number]
    files = {
        "entries.jsonl": "".join(
            canonical({"doc": line.doc, "private": line.private}) + "\n" for line in lines
        ),
        "checkpoints.txt": "".join(row.note + "\n" for row in older),
        "keys.txt": "".join(f"{key.public}\n" for key in keys.known(tx.session).values()),
        "evidence.json": _named(own, ("evidence.",)),
        "approvals.json": _named(own, _APPROVALS),
        "verify_bundle.py": _VERIFIER.read_text(encoding="utf-8"),
    }
    wanted = {
        str(module["sha256"]) for doc in own if doc["kind"] == c.PlaybookComposed.kind
        for module in doc["data"]["modules"]
    }  # fmt: skip
    for sha in sorted(wanted):
        row = tx.session.get(ContentRow, sha)
        if row is not None:
            files[f"content/{sha}.json"] = canonical(row.body)
    return files


def _named(docs: list[dict[str, Any]], prefixes: tuple[str, ...]) -> str:
    found = [
        {"n": doc["n"], "kind": doc["kind"], "at": doc["at"], "role": doc["role"], **doc["data"]}
        for doc in docs
        if doc["kind"].startswith(prefixes)
    ]
    return canonical(found)


def _seal(tx: Tx, number: int, manifest: str, lines: list[_Line], older: list[Checkpoint]) -> str:
    """Append the export's entry, sign the record that ends with it, and prove all places in it."""
    last = tx.append(c.DocumentExported(format="bundle", sha256=manifest), number)
    made = checkpoint.make(tx, "export", number)
    row = tx.session.get(EntryRow, last.seq)
    if made is None or row is None or made.size != last.seq:
        raise NotReady(
            "The export could not be signed: the record does not continue its last checkpoint.",
            instead="`steadyhand verify` names the entry that was changed.",
        )
    tree: Tree = checkpoint.tree(tx.session, made.size)
    paths = {seq: tree.inclusion(seq - 1) for seq in [*(line.seq for line in lines), last.seq]}
    return canonical(
        {
            "doc": row.doc,
            "note": made.note,
            "inclusion": {str(seq): _hex(path) for seq, path in paths.items()},
            "consistency": {str(o.size): _hex(tree.consistency(o.size)) for o in older},
        }
    )


def _hex(path: list[bytes]) -> list[str]:
    return [one.hex() for one in path]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _zip(files: dict[str, str]) -> bytes:
    """Without compression and with fixed times, so that the same files make the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as box:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, 0o644 << 16
            box.writestr(info, files[name].encode())
    return out.getvalue()
