"""What only SQLite does: a home in one file, its connections, its faults, copies and checks."""
