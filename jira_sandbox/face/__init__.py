"""The HTTP face: routes by resource, in REST v2 and v3, over the plain state."""
