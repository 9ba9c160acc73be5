"""``/metrics`` in Prometheus' text format: numbers only, no names, titles or texts of anybody.

The counters are this process's own; what is read from the database is the same in all processes.
Private incidents and drills are not counted, so that a number does not betray them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import Session, col
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.effects.store import failed, unsettled
from bot.house import House
from bot.incident.queries import OPEN_STATUSES, live
from bot.metrics import BATCH_BOUNDS, Histogram
from bot.record.catalogue import IncidentCancelled
from bot.web.health import Health
from db.tables import Checkpoint, EffectRow, EntryRow, Incident

if TYPE_CHECKING:
    from prometheus_client.core import Metric

SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4", "none")


@dataclass
class Seen:
    """What one look at the database found."""

    queue: Counter[tuple[str, str]] = field(default_factory=Counter)
    oldest_s: float = 0.0
    incidents: Counter[str] = field(default_factory=Counter)
    false_alarms: int = 0
    checkpoints: int = 0


def route(house: House, health: Health) -> Route:
    """``GET /metrics``."""

    async def metrics(_: Request) -> Response:
        from prometheus_client import generate_latest
        from prometheus_client.core import CollectorRegistry
        from prometheus_client.exposition import CONTENT_TYPE_LATEST

        now = house.clock.now()
        seen = await house.read(lambda session: look(session, now))
        socket = health.socket
        connected = None if socket is None else bool(await socket.is_connected())
        registry = CollectorRegistry()
        registry.register(_Collector(house, seen, connected))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)


def look(session: Session, now: datetime) -> Seen:
    """Read what the gauges show."""
    seen = Seen()
    later = (col(EffectRow.next_at) > now) & (col(EffectRow.attempts) == 0)
    for wanted in (unsettled(), failed()):  # what is done grows without end and is not looked at
        statement = (
            select(col(EffectRow.state), later, col(EffectRow.kind), func.count())
            .where(wanted)
            .group_by(col(EffectRow.state), later, col(EffectRow.kind))
        )
        for state, waits, kind, count in session.execute(statement):
            shown = "scheduled" if state == "pending" and waits else state
            seen.queue[shown, family(kind)] += count
    seen.oldest_s = _oldest(session, now)
    seen.incidents = _incidents(session)
    seen.false_alarms = _false_alarms(session)
    seen.checkpoints = int(
        session.execute(select(func.count()).select_from(Checkpoint)).scalar() or 0
    )
    return seen


def family(kind: str) -> str:
    """``channel`` of ``channel.say``: what a kind is about."""
    return kind.partition(".")[0]


def _oldest(session: Session, now: datetime) -> float:
    """How long the longest-waiting effect that is due has waited; a reminder since it came due."""
    opened = unsettled()
    ours = col(EffectRow.kind).like("house.%")
    due = (col(EffectRow.next_at) <= now) | (col(EffectRow.attempts) > 0)
    outside = select(func.min(col(EffectRow.created_at))).where(opened, due, ~ours)
    inside = select(func.min(col(EffectRow.next_at))).where(opened, due, ours)
    found = [session.execute(each).scalar() for each in (outside, inside)]
    return max(((now - at).total_seconds() for at in found if at is not None), default=0.0)


def _incidents(session: Session) -> Counter[str]:
    statement = (
        select(col(Incident.severity), func.count())
        .where(
            live(),
            col(Incident.status).in_(OPEN_STATUSES),
            col(Incident.kind) == "real",
            col(Incident.private).is_(False),
        )
        .group_by(col(Incident.severity))
    )
    return Counter({severity or "none": count for severity, count in session.execute(statement)})


def _false_alarms(session: Session) -> int:
    """Found by their entries, so that what is closed is not gone through."""
    number = col(EntryRow.incident)
    statement = (
        select(func.count(func.distinct(number)))
        .join(Incident, col(Incident.number) == number)
        .where(
            col(EntryRow.kind) == IncidentCancelled.kind,
            col(Incident.status) == "closed",
            col(Incident.resolved_at).is_(None),
            col(Incident.kind) == "real",
            col(Incident.private).is_(False),
        )
    )
    return int(session.execute(statement).scalar() or 0)


class _Collector:
    """Everything at the moment of one request."""

    def __init__(self, house: House, seen: Seen, connected: bool | None) -> None:
        self._house = house
        self._seen = seen
        self._connected = connected

    def collect(self) -> Iterator[Metric]:
        """As prometheus_client asks for it."""
        yield from self._effects()
        yield from self._requests()
        yield from self._database()
        yield from self._state()

    def _effects(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        queue = GaugeMetricFamily(
            "steadyhand_effects", "Stored effects that are not done.", labels=["state", "family"]
        )
        for (state, name), count in sorted(self._seen.queue.items()):
            queue.add_metric([state, name], count)
        yield queue
        yield GaugeMetricFamily(
            "steadyhand_effect_oldest_seconds", "Age of the oldest effect that is due.",
            value=self._seen.oldest_s,
        )  # fmt: skip
        done = CounterMetricFamily(
            "steadyhand_effects_done", "Effects carried out.", labels=["kind"]
        )
        for kind, count in sorted(self._house.metrics.effects_done.items()):
            done.add_metric([kind], count)
        yield done
        failures = CounterMetricFamily(
            "steadyhand_effect_failures", "Attempts that did not succeed.", labels=["kind", "error"]
        )
        for (kind, word), count in sorted(self._house.metrics.effect_failures.items()):
            failures.add_metric([kind, word], count)
        yield failures

    def _requests(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        yield _histogram(
            "steadyhand_ack_seconds", "Time to the acknowledgement of a request from Slack.",
            self._house.metrics.acks, "type",
        )  # fmt: skip
        again = CounterMetricFamily(
            "steadyhand_redeliveries", "Requests that had been carried out before.", labels=["type"]
        )
        for kind, count in sorted(self._house.metrics.redelivered.items()):
            again.add_metric([kind], count)
        yield again

    def _database(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        sizes = Histogram(BATCH_BOUNDS)
        for size, count in dict(self._house.writer.batches).items():
            sizes.observe(size, count)
        yield _histogram("steadyhand_write_batch_size", "Changes in one transaction.", {"": sizes})
        errors = CounterMetricFamily(
            "steadyhand_database_errors", "Writes that the database refused.", labels=["error"]
        )
        for word, count in sorted(dict(self._house.writer.errors).items()):
            errors.add_metric([word], count)
        yield errors

    def _state(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        incidents = GaugeMetricFamily(
            "steadyhand_incidents_open", "Open incidents; no drills, no private ones.",
            labels=["severity"],
        )  # fmt: skip
        for severity in SEVERITIES:
            incidents.add_metric([severity], self._seen.incidents[severity])
        yield incidents
        yield GaugeMetricFamily(
            "steadyhand_false_alarms",
            "Incidents cancelled as false alarms; no drills, no private ones.",
            value=self._seen.false_alarms,
        )
        yield CounterMetricFamily(
            "steadyhand_checkpoints",
            "Checkpoints of the record signed.",
            value=self._seen.checkpoints,
        )
        if self._connected is not None:
            yield GaugeMetricFamily(
                "steadyhand_socket_connected", "Whether Socket Mode is connected.",
                value=float(self._connected),
            )  # fmt: skip


def _histogram(name: str, what: str, found: dict[str, Histogram], label: str = "") -> Any:
    from prometheus_client.core import HistogramMetricFamily

    out = HistogramMetricFamily(name, what, labels=[label] if label else None)
    for key, one in sorted(found.items()):
        out.add_metric([key] if label else [], one.buckets(), one.total)
    return out
