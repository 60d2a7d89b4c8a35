"""What leaves: an encoder's file, its cohort and its card."""
