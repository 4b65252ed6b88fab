"""The log of requests: what was called, by whom, with what outcome."""

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request; `operation` is the method and the path template, `fault` the action that struck it."""

    operation: str
    path: str
    caller: str
    status: int
    fault: str | None = None


@dataclass(slots=True)
class RequestLog:
    """The latest requests, and counts since the last reset."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=10_000))
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, entry: Entry) -> None:
        """Log a request."""
        with self._lock:
            self.entries.append(entry)
            self._counts[entry.caller, entry.operation] += 1

    def by_operation(self, caller: str | None = None) -> dict[str, int]:
        """Return how often each operation was called, by one caller or by all."""
        counts: Counter[str] = Counter()
        with self._lock:
            for (who, operation), number in self._counts.items():
                if caller in (None, who):
                    counts[operation] += number
        return dict(sorted(counts.items()))

    def by_caller(self) -> dict[str, int]:
        """Return how many requests each caller made."""
        counts: Counter[str] = Counter()
        with self._lock:
            for (who, _), number in self._counts.items():
                counts[who] += number
        return dict(sorted(counts.items()))

    def total(self, caller: str | None = None, methods: tuple[str, ...] = ()) -> int:
        """Return the number of requests, of one caller and of some methods if given."""
        counts = self.by_operation(caller)
        return sum(n for operation, n in counts.items() if not methods or operation.split(" ")[0] in methods)

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self.entries.clear()
            self._counts.clear()

    def export(self) -> dict[str, Any]:
        """Return counts and entries as JSON."""
        return {
            "total": self.total(),
            "operations": self.by_operation(),
            "callers": self.by_caller(),
            "requests": [asdict(entry) for entry in list(self.entries)],
        }
