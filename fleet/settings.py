"""Where the engines are and how long what is kept: one YAML file, read once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fer_edge.errors import ConfigError

DEFAULT_FILE = "fleet.yaml"
"""In the folder of ``fleet up``, and in /etc/fer-edge-fleet on servers."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Section):
    """One member of the broker cluster, as the fleet side and the nodes reach it."""

    host: str = "127.0.0.1"
    amqp: int = Field(5672, ge=1, le=65535)
    mqtt: int = Field(1883, ge=1, le=65535)
    management: int = Field(15672, ge=1, le=65535)
    metrics: int = Field(15692, ge=1, le=65535)


class Broker(_Section):
    """The cluster and the user that reads it and enrols nodes. The password is in a file, never here."""

    members: tuple[Member, ...] = Field((Member(),), min_length=1)
    user: str = "fleet"
    password_file: Path = Path("/etc/fer-edge-fleet/broker.password")
    tls: bool = False

    def password(self) -> str:
        """The password; a systemd credential ``broker-password`` goes before the file. Raises ConfigError."""
        credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / "broker-password"
        path = credential if credential.is_file() else self.password_file
        try:
            password = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError([f"broker.password_file {path}: {error.strerror}; write the password there"]) from error
        except UnicodeDecodeError as error:
            raise ConfigError([f"broker.password_file {path}: not UTF-8; write the password there"]) from error
        if not password:
            raise ConfigError([f"broker.password_file {path}: is empty; write the password there"])
        return password


class Keep(_Section):
    """Retention; whole partitions are dropped."""

    states_days: int = Field(14, ge=1, le=3660, description="states, days")
    events_months: int = Field(12, ge=1, le=240, description="events and dead letters, months")


class Ingest(_Section):
    """How messages are written."""

    workers: int = Field(2, ge=1, le=64, description="processes that share the queues")
    batch: int = Field(500, ge=1, le=10_000, description="most messages in one transaction")
    wait_s: float = Field(0.2, gt=0, le=10, description="longest wait for a batch to fill, seconds")
    metrics_host: str = Field("127.0.0.1", description="where Prometheus may ask: an address of this machine")
    metrics_port: int = Field(9464, ge=1, le=65535, description="of the first worker; the others follow")


class FleetSettings(_Section):
    """Everything ``fleet`` needs to know."""

    database: str = Field("postgresql:///fleet", description="libpq connection string; passwords in ~/.pgpass")
    prefix: str = Field("fer-edge", pattern=r"^[A-Za-z0-9_-]{1,63}$", description="mqtt.topic_prefix of the nodes")
    broker: Broker = Broker()
    keep: Keep = Keep()
    ingest: Ingest = Ingest()

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a YAML file. Raises ConfigError with one line for each fault."""
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            hint = "give --config FILE, or bring one up here: fer-edge-fleet up"
            raise ConfigError([f"{path}: {error.strerror}; {hint}"]) from error
        except UnicodeDecodeError as error:
            raise ConfigError([f"{path}: not UTF-8 at byte {error.start}; is it the settings file?"]) from error
        except yaml.YAMLError as error:
            raise ConfigError([f"{path}: not YAML: {' '.join(str(error).split())}"]) from error
        try:
            return cls.model_validate(values if values is not None else {})
        except ValidationError as error:
            faults = (f"{path}: {'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors())
            raise ConfigError(list(faults)) from error
