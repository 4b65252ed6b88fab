"""Run the sandbox as a process of its own, watched by a recorder: `python watched_sandbox.py RECORD ARGUMENTS...`

What it saw of the product is written to the file RECORD when it ends, for `Recorder.take`.
"""

import pickle
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from contract.recorder import Recorder

import jira_sandbox.server
from jira_sandbox.command import main


def run(record: Path) -> None:
    recorder = Recorder()
    create_app = jira_sandbox.server.create_app

    def watched(sandbox: Any) -> Any:
        app = create_app(sandbox)
        app.wsgi_app = recorder.watch(app.wsgi_app, lambda: sandbox.site.cloud)
        return app

    jira_sandbox.server.create_app = watched
    try:
        main()
    finally:
        record.write_bytes(pickle.dumps(recorder.export()))


if __name__ == "__main__":
    named = Path(sys.argv.pop(1))
    run(named)
