"""The thresholds that peers' makers ship: what whoever takes the example as it is gets.

Looked up in the makers' repositories; a score counts as a match at or above the value, as their code has it.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Shipped:
    """A score at or above which the maker's code calls two faces one person, and what the code says."""

    score: float
    says: str


SHIPPED = {
    # ageitgey/face_recognition, face_recognition/api.py, compare_faces(tolerance=0.6): Euclidean distance <= tolerance.
    # The score of the peer is the negative squared distance.
    "dlib": Shipped(-(0.6**2), "distance 0.6 (face_recognition)"),
    # openvinotoolkit/open_model_zoo, demos/face_recognition_demo/python: `-t_id` 0.3 by default
    # (face_recognition_demo.py); unknown where 0.3 < distance (face_identifier.py), distance = 0.5 (1 - cosine)
    # (faces_database.py).
    "0095": Shipped(1 - 2 * 0.3, "-t_id 0.3 (face_recognition_demo)"),
    # foamliu/MobileFaceNet ships none: lfw_eval.py looks for the best angle on LFW's pairs each time. A comment there
    # notes 70.36 degrees, which is what a reader of it would take.
    "mobilefacenet": Shipped(math.cos(math.radians(70.36)), "70.36 degrees (a comment in lfw_eval.py; none shipped)"),
}
