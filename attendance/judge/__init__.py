"""Who is it, or nobody? Faces compared with the gallery, and the pure rule that decides."""
