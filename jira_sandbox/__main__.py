"""`python -m jira_sandbox`: serve the sandbox alone."""

from jira_sandbox.command import main

main()
