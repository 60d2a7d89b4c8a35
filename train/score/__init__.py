"""From pictures to scores: encoders, open-set identification, cohort and score model."""
