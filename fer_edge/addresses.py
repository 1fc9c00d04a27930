"""Addresses of streams as they may be shown: in the log, in errors, in what is published."""

from __future__ import annotations

import re

# A password may hold anything, blanks too; and whoever forgets the scheme has written the password all the same.
_CREDENTIALS = re.compile(r"(?s)(?<=://).*@|^[^/\\]*:[^/\\]*@")
# Many cameras and recorders want them in the path: rtsp://host/user=…&password=…
_SECRET_VALUE = re.compile(
    r"(?i)([?&;/][^=&;?/\s]*(?:user|usr|login|pwd|psw|pas|token|key|auth|secret|sig)[^=&;?/\s]*=)[^&;]*"
)


def without_credentials(address: str) -> str:
    """A stream address with user, password and secret values cut out."""
    return _SECRET_VALUE.sub(r"\1…", _CREDENTIALS.sub("", address))
