"""What people are told and asked for data protection: texts of consent and of reports, in English and in German."""
