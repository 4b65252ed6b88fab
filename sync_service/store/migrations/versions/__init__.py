"""The steps; each only goes forward, and none is changed once released."""
