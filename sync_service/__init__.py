"""Stagegate: keeps client-integration projects in Jira on their process."""
