"""The engines on one machine: PostgreSQL, RabbitMQ and Prometheus from Debian, in one folder, on the loopback.

No service of the system is touched and nothing runs as root.
"""

from fleet.engines.bed import Bed

__all__ = ["Bed"]
