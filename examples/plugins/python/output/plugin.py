"""The plugin `python-output`."""

import forebay
from wit_world.imports import files


class PythonOutput(forebay.Output):
    """Writes messages to a file, a line each."""

    name = "python_output"
    fields = [forebay.Field("path", docs="The file. It is created where it is missing.")]

    def open(self, config):
        self.path = config["path"]
        self.file = None

    def connect(self):
        """The host calls this again, with growing pauses, until it succeeds."""
        self.file = files.append_to(self.path)

    def write(self, batch):
        """Starts to write and does not wait: the messages are delivered when the operation has ended well."""
        return self.file.append_batch(batch.handle, b"\n")


PLUGIN = forebay.Plugin("python-output", summary="Writes messages to a file.", outputs=[PythonOutput])
