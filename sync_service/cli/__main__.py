"""`python -m sync_service.cli` is `stagegate`."""

from sync_service.cli import main

main()
