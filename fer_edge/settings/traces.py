"""Settings of what is kept to explain an alarm."""

from __future__ import annotations

from pydantic import Field

from fer_edge.settings.base import Section


class TraceSettings(Section):
    """Signals around each fatigue and attention event, stored on this device for fer-edge explain."""

    enabled: bool = Field(
        True,
        description="store the signals (numbers, no pictures, no expressions) around each fatigue and attention event",
    )
    before_s: float = Field(20.0, ge=1, le=120, description="time stored before an event, seconds")
    after_s: float = Field(10.0, ge=0, le=120, description="time stored after its end, seconds")
    max_mb: float = Field(
        20.0,
        ge=0.1,
        le=10_000,
        description="maximum disk space, MB; beyond it the oldest are deleted, those marked as false alarms last",
    )
    max_age_days: float = Field(
        7.0, gt=0, le=365, description="older ones are deleted unless marked as false alarms, days"
    )
