"""What the component is, and where its model is."""

from pathlib import Path

#: In the model directory.
MODEL = "model.safetensors"

# Read while the component is built: it has no files of its own when it runs.
_TEXT = (Path(__file__).parents[1] / "description.json").read_text("utf-8")


class Metadata:
    def describe(self) -> str:
        return _TEXT
