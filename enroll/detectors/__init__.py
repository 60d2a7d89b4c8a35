"""What finds faces in a picture, and what places their landmarks."""
