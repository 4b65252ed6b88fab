"""Benchmarks: one file a claim; each runs alone (`python -m benchmarks.intake`), all by `make bench`."""
