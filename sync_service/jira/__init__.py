"""Speaks to Jira: `client` over HTTP, `translate` between its JSON and our words, `gateway` as the worker's door."""
