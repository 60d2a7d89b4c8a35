"""The published networks that training starts from and is compared with, by name (no PyTorch is needed to ask)."""

FILES = {
    "mobilefacenet": "weights/foamliu_mobilefacenet.pt",
    "retail-0095": "weights/face-reidentification-retail-0095.xml",
}
"""Where each network's file lies in the data folder."""
