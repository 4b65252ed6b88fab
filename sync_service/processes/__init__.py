"""The processes that run: the tree of `run`, the receiver that serves, the worker that works."""
