"""Addresses of streams as they may be shown: in the log, in errors, in what is published."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"(?<=://)\S*@")
_SECRET_QUERY = re.compile(r"(?i)([?&;][^=&;\s]*(?:user|login|pwd|pass|token|key|auth|secret|sig)[^=&;\s]*=)[^&;\s]*")


def without_credentials(address: str) -> str:
    """A stream address with user, password and secret query values cut out."""
    return _SECRET_QUERY.sub(r"\1…", _CREDENTIALS.sub("", address))
