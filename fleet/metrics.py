"""What Prometheus reads of an ingest worker."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from fleet.store import Written

EVENTS = Counter("fleet_events_total", "Event messages stored")
DOUBLED = Counter("fleet_events_doubled_total", "Event messages that had come before")
STATES = Counter("fleet_states_total", "States stored")
DEAD = Counter("fleet_dead_letters_total", "Messages that could not be kept as what they want to be")
BATCHES = Counter("fleet_batches_total", "Transactions committed")
WRITE_S = Histogram("fleet_write_seconds", "From the first statement of a batch to its commit")
STORED_AT = Gauge("fleet_last_commit_timestamp_seconds", "When the last batch was committed, seconds since 1970")


def count(done: Written) -> None:
    """Add one batch."""
    EVENTS.inc(done.events)
    DOUBLED.inc(done.doubled)
    STATES.inc(done.states)
    DEAD.inc(done.dead)
    BATCHES.inc()
    STORED_AT.set_to_current_time()
