"""Tells managers: figures, charts, calendars, all read from the store."""
