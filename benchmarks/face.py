"""What the receiver is held against: a Flask view that only answers 204, under the receiver's own server settings.

`python -m benchmarks.face SETTINGS` serves it until it is told to stop.
"""

import sys
from pathlib import Path

from flask import Flask, Response

from sync_service.config import load_settings
from sync_service.processes.serving import Receiver
from sync_service.processes.tree import listen


class Bare(Receiver):
    """The receiver's gunicorn with another application."""

    def load(self) -> Flask:
        """Return an application that does nothing."""
        app = Flask("bare", static_folder=None)

        @app.route("/<path:path>", methods=["GET", "POST"])
        def answer(path: str) -> Response:
            del path
            return Response(status=204)

        return app


def main() -> None:
    settings, _ = load_settings(Path(sys.argv[1]), {})
    with listen(settings.webhooks.host, settings.webhooks.port) as listening:
        Bare(settings, None, listening).run()


if __name__ == "__main__":
    main()
