"""The published networks that training starts from and is compared with, by name (no PyTorch is needed to ask)."""

FILES = {
    "mobilefacenet": "weights/foamliu_mobilefacenet.pt",
    "retail-0095": "weights/face-reidentification-retail-0095.xml",
    "sface": "weights/face_recognition_sface_2021dec.onnx",
}
"""Where each network's file lies in the data folder."""

PAIR = ("mobilefacenet", "retail-0095")
TEACHERS = {"published": PAIR, "published-three": tuple(FILES)}
"""What `[data] teacher` may name beside the recipe's own start: published networks side by side, equal shares."""
