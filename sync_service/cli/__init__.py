"""The command line. Each command imports what it needs when it runs, so that `--help` stays quick."""

from sync_service.cli import looking, preparing, queue, reporting, running
from sync_service.cli.root import stagegate, told_to_user

__all__ = ["looking", "main", "preparing", "queue", "reporting", "running", "stagegate"]


def main() -> None:
    """Run the command line; a user's mistake gets a message and exit code 2, never a traceback."""
    told_to_user(lambda: stagegate(standalone_mode=False))
