"""The names under which our processes tell each other something through the store: each stands here, and only here."""

SITE_PAUSE = "jira"
"""The pause that Jira asked for, and the line of turns of the budget of requests to it."""

ACCOUNTS = "accounts"
"""The accounts that workers write with, a line each; receivers tell by it what our own events are."""

NOT_AT_WORK = "not_at_work"
"""Why no worker can do anything: what to do about it, in a sentence; empty once one can."""

BARRED = "barred"
"""The projects that workers leave alone since writing to them would fail, each with why, a line each; or empty."""
