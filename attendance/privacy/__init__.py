"""What a data-protection officer writes down, drafted from an installation's own facts: pure text, nothing is read."""
