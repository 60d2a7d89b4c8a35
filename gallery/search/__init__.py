"""Who is closest: the index in memory, and how it follows the gallery."""
