"""Prepares a Jira site from the mapping: plan by default, written only when asked."""
