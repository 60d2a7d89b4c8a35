"""What people are told and asked, and what a data-protection officer writes down: pure text, nothing is read."""
