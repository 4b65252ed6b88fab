"""Prepares a Jira site: what a mapping needs, less what is there, is a plan; the plan is shown, and applied if asked.

`desired` says, purely, what a mapping needs; `existing` reads what the site has; `diff` makes the plan, which holds
the very requests; `apply` sends them, in order. Everything is found again by its name, so that an apply which was cut
off anywhere is continued by the next one. See `docs/provisioning.md`.
"""
