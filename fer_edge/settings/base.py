"""What all settings have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen group of settings; an unknown key is a fault, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)
