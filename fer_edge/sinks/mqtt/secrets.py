"""The broker's password and the TLS files: read once, checked before anything is connected."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from fer_edge.errors import ConfigError
from fer_edge.rights import readable_by_others
from fer_edge.settings import MqttSettings

_log = logging.getLogger(__name__)

CREDENTIAL = "mqtt-password"
VARIABLE = "FER_EDGE_MQTT_PASSWORD"


class _TlsSocket(ssl.SSLSocket):
    """Closed at once where the handshake fails: paho forgets it, and a wrong certificate is tried for days."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def password(settings: MqttSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """From systemd's credential, else the environment, else ``password_file``; None where there is none.

    Raises ConfigError where a named file cannot be read.
    """
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory:
        try:
            return (Path(directory) / CREDENTIAL).read_text(encoding="utf-8").rstrip("\r\n")
        except FileNotFoundError:
            pass  # a service may have other credentials, and none for the broker
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([f"systemd credential {CREDENTIAL}: cannot be read: {_why(error)}"]) from error
    if VARIABLE in environ:
        return environ[VARIABLE]
    if settings.password_file:
        return _read(Path(settings.password_file), "mqtt.password_file")
    return None


def tls_context(settings: MqttSettings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with the configured authority and certificate; None where TLS is off.

    Raises ConfigError where a file is missing or is no PEM file of its kind.
    """
    tls = settings.tls
    if not tls.enabled:
        return None
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except (OSError, ssl.SSLError) as error:
        fault = f"mqtt.tls.ca_file: {tls.ca_file} is not a readable PEM certificate: {_why(error)}"
        raise ConfigError([f"{fault}; copy the broker's authority there"]) from error
    context.check_hostname = tls.check_host
    context.sslsocket_class = _TlsSocket
    if tls.cert_file:
        try:
            # Without this an encrypted key would make OpenSSL ask at the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            files = tls.cert_file if tls.key_file is None else f"{tls.cert_file} and {tls.key_file}"
            raise ConfigError(
                [f"mqtt.tls.cert_file: {files} are not a certificate and its unencrypted key: {_why(error)}"]
            ) from error
    return context


def _read(path: Path, what: str) -> str:
    if open_to := readable_by_others(path):
        _log.warning("%s: %s", what, open_to)
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{what}: {path} cannot be read: {_why(error)}"]) from error


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
