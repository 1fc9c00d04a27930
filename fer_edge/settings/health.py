"""Settings of how hard the machine may be worked."""

from __future__ import annotations

from pydantic import Field

from fer_edge.settings.base import Section


class HealthSettings(Section):
    """Behaviour when the machine is too slow or too hot."""

    adaptive: bool = Field(
        True, description="process fewer frames (15, 10, 5 per second) while the machine is too slow or too hot"
    )
    hot_c: float = Field(80.0, ge=40, le=110, description="processor temperature that counts as hot, degrees Celsius")
