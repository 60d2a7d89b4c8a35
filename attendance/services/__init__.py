"""The use cases: each call takes who asks and a value, and returns a value. Doors call these and nothing below."""
