"""Does: claims a key, looks at its issue, writes what differs, and says when to look again."""
