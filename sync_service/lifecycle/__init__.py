"""Decides. Pure: no I/O, no clock, no Jira JSON.

`facts` (what was read) → `state.derive` (where the project stands) → `plan.plan` (what to write, as data).
The rules are told in `docs/lifecycle.md`.
"""
