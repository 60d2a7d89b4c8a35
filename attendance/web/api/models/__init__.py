"""The shapes of what programs send and are told; what is sent has no other fields, and no other types, than these."""
