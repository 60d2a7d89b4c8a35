"""A small network that tells pictures of faces from faces, as far as simulation can teach it; see LIVENESS.md."""
