"""The plugin `python-processor`."""

import forebay


class PythonProcessor(forebay.Processor):
    """Writes every message in capital letters."""

    name = "python_processor"
    fields = [forebay.Field("ending", default="!", docs="What every message ends with.")]

    def open(self, config):
        if "\n" in config["ending"]:
            raise forebay.Problem("a message stays on its line", field="/ending")
        self.ending = config["ending"]

    def process(self, batch):
        return batch.map(self.shout)

    def shout(self, message):
        """What this raises flags the message, which is passed on as it is; an empty message is dropped."""
        if not message.payload:
            return forebay.DROP
        return message.text().upper() + self.ending


PLUGIN = forebay.Plugin(
    "python-processor",
    summary="Writes messages in capital letters.",
    processors=[PythonProcessor],
)
