"""What Prometheus reads, over HTTP.

Whoever asks is answered on a thread of the server's own from numbers that are there already, so
that asking costs the recording nothing.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from recorder.rig.events import Event
from recorder.stats import RigStatus
from recorder.unattended.families import StatusCollector

log = logging.getLogger(__name__)

CLIENT_S = 10.0
"""A client that says nothing for so long is hung up on."""


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_S

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a scrape every few seconds is no news."""


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking for the machine's own name, which can take a minute."""
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client that breaks off be no news."""
        log.debug("a reader of the metrics broke off", exc_info=True)


class _Server6(_Server):
    address_family = socket.AF_INET6


class MetricsServer:
    """An observer whose numbers Prometheus reads at ``http://ADDRESS:PORT/metrics``.

    Parameters
    ----------
    address, port
        Where it listens; port 0: a free one.

    Raises
    ------
    OSError
        The port is taken, or the address is not of this machine.
    """

    def __init__(self, address: str, port: int) -> None:
        self.collector = StatusCollector()
        registry = CollectorRegistry()
        registry.register(self.collector)
        kind = _Server6 if ":" in address else _Server
        self._server = kind((address, port), _Handler)
        self._server.set_app(make_wsgi_app(registry))
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True
        )
        self._thread.start()

    def look(self, status: RigStatus) -> None:
        """Take note of how it goes."""
        self.collector.note(status)

    def hear(self, event: Event) -> None:
        """Count it."""
        self.collector.count(event)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(address: str, port: int) -> MetricsServer | None:
    """Return what Prometheus reads; None, and a warning, if it cannot be had."""
    try:
        server = MetricsServer(address, port)
    except (OSError, OverflowError, UnicodeError) as error:
        log.warning("no metrics at http://%s:%d/metrics: %s", address, port, error)
        return None
    log.info("metrics at http://%s:%d/metrics", address, server.port)
    return server


__all__ = ["MetricsServer", "serve_metrics"]
