"""The plugin `python-input`."""

import forebay


class PythonInput(forebay.Input):
    """Counts."""

    name = "python_input"
    fields = [
        forebay.Field("text", default="message ", docs="What stands in front of every number."),
        forebay.Field("count", type="int", default=10, docs="How far it counts; 0: without an end."),
        forebay.Field("batch_size", type="int", default=1, docs="How many messages make a batch."),
    ]

    def open(self, config):
        if config["batch_size"] < 1:
            raise forebay.Problem("a batch has one message at least", field="/batch_size")
        self.text, self.count, self.size = config["text"], config["count"], config["batch_size"]
        self.next = 1

    def read(self):
        """What is rejected is tried again by the host: this input need not look at what was settled."""
        end = self.next + self.size
        if self.count:
            end = min(end, self.count + 1)
        if self.next >= end:
            return forebay.ENDED
        numbers = range(self.next, end)
        self.next = end
        return [f"{self.text}{number}" for number in numbers]


PLUGIN = forebay.Plugin("python-input", summary="Counts.", inputs=[PythonInput])
