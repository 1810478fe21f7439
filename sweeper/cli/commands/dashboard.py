"""`sweeper dashboard`: optuna-dashboard over a study, on this machine's loopback only."""

from __future__ import annotations

import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from sweeper.errors import SweeperError
from sweeper.results.export import optuna_storage
from sweeper.study.study import Study

HOST = "127.0.0.1"
PORT = 8080


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *values: Any) -> None:
        """Says nothing of requests."""


@contextmanager
def serving(study: Study, port: int) -> Iterator[WSGIServer]:
    """A server of the study as its ledger now has it; `SweeperError` where there can be none.

    It reads a copy in memory: what is changed in the browser does not reach the study.
    """
    app = _wsgi()(optuna_storage.in_memory(study, study.ledger_state()))
    try:
        server = make_server(HOST, port, app, server_class=_Server, handler_class=_Quiet)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SweeperError(f"port={port} cannot be listened on: {reason}; name another") from error
    with server:
        yield server


def _wsgi() -> Callable[[Any], Any]:
    try:
        from optuna_dashboard import wsgi
    except ImportError as error:
        raise SweeperError(
            "optuna-dashboard is not installed: "
            "pip install -e '.[dashboard]' in the checkout of sweeper"
        ) from error
    found: Callable[[Any], Any] = wsgi
    return found
