"""The SDK for Forebay plugins in Python.

A plugin is a module with a `PLUGIN`. This is a whole one:

    import forebay

    class Shout(forebay.Processor):
        \"\"\"Writes every message in capital letters.\"\"\"

        name = "shout"
        fields = [forebay.Field("ending", default="!", docs="What every message ends with.")]

        def open(self, config):
            self.ending = config["ending"]

        def process(self, batch):
            return batch.map(lambda message: message.text().upper() + self.ending)

    PLUGIN = forebay.Plugin("shout", summary="Shouts.", processors=[Shout])

Payloads come and go in one piece for the whole batch, so that a message costs no call of the host; metadata is
asked for message by message. What a function raises flags its message, or fails the call.
"""

import json
from array import array
from struct import pack, unpack_from

from componentize_py_types import Err
from wit_world.imports import batches as wit
from wit_world.imports import configuration

__all__ = [
    "Batch", "DROP", "ENDED", "Field", "IDLE", "Input", "Message", "NotConnected", "Output", "Plugin", "Problem",
    "Processor", "Result", "TOMBSTONE", "Written",
]


class _Sign:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


DROP = _Sign("DROP")
"""What `Batch.map` is given for a message that is dropped on purpose."""
TOMBSTONE = _Sign("TOMBSTONE")
"""The payload of a message without one (a Kafka record without a value)."""
IDLE = _Sign("IDLE")
"""What an input returns when it has nothing now, and must when a wait was woken."""
ENDED = _Sign("ENDED")
"""What an input returns when it has nothing more."""


class Problem(Exception):
    """Why a configuration can't be used. `field` is a JSON pointer to the setting at fault: `/ending`."""

    def __init__(self, message, field=""):
        super().__init__(message)
        self.message = message
        self.field = field


class NotConnected(Exception):
    """The connection is lost: the host calls `connect` again, with growing pauses."""


class Field:
    """A setting of a component. One without a default is required unless it is `optional`.

    `type` is string, int, float, bool or unknown; `kind` is scalar, array or map.
    """

    def __init__(self, name, type="string", docs="", **others):
        self.spec = {"name": name, "type": type, "docs": docs, **others}


class Plugin:
    """What a module provides: its name, a sentence, and the classes of its components."""

    def __init__(self, name, summary="", version="0.1.0", inputs=(), processors=(), outputs=()):
        self.name, self.summary, self.version = name, summary, version
        self.kinds = {"input": inputs, "processor": processors, "output": outputs}

    def describe(self):
        components = [
            {
                "kind": kind,
                "name": component.name,
                "summary": (component.__doc__ or "").strip().split("\n\n")[0],
                "config": {"type": "object", "fields": [field.spec for field in component.fields]},
            }
            for kind, components in self.kinds.items()
            for component in components
        ]
        plugin = {"name": self.name, "version": self.version, "summary": self.summary}
        return json.dumps({"contract": 1, "plugin": plugin, "components": components})

    def open(self, kind, name, config):
        for component in self.kinds[kind]:
            if component.name == name:
                opened = component()
                _checked(opened.open, json.loads(config))
                return opened
        raise Err(_problem(f"there is no {kind} {name}"))


def _problem(message, field=""):
    return configuration.Problem(message, field, 0, 0)


def _checked(open_it, config):
    try:
        open_it(config)
    except Problem as problem:
        raise Err(_problem(problem.message, problem.field)) from None


def text_of(error):
    """An error as text for whoever reads the log."""
    if isinstance(error, Err):
        # What the host said, in however many cases of variants.
        value = error.value
        while hasattr(value, "value"):
            value = value.value
        return str(value)
    return str(error) or type(error).__name__


class Component:
    """What all kinds have in common."""

    name = ""
    fields = ()

    def open(self, config):
        """Checks the settings, which have all defaults filled in; raises `Problem`. Does no I/O."""

    def close(self):
        """The last call."""


class Processor(Component):
    """A transformation of batches."""

    def process(self, batch):
        """Returns what becomes of the batch: `batch` itself, what `batch.map` gives, a `Result`, or a list of
        results (an empty one: all was dropped on purpose). Does not wait."""
        raise NotImplementedError


class Input(Component):
    """A source of messages."""

    def connect(self):
        """Prepares for reading; what it raises is tried again, with growing pauses."""

    def read(self):
        """The next batch: a list of payloads (bytes or text) or of `Message`s, `IDLE`, or `ENDED`."""
        raise NotImplementedError

    def settled(self, token, error):
        """What became of the batch with this number, counted from 1: `error` is None when all of it was delivered."""


class Output(Component):
    """A destination of messages."""

    def connect(self):
        """Prepares for writing; what it raises is tried again, with growing pauses."""

    def write(self, batch):
        """Delivers a batch. Returns None when that is done, the operation (or operations) of the host that it
        depends on, or a `Written`. What it raises fails the batch; `NotConnected` has it written again."""
        raise NotImplementedError


class Written:
    """How far a batch was delivered. `failed` has the reason by the index of the message."""

    def __init__(self, failed=None, operations=()):
        self.failed = failed or {}
        self.operations = operations


class Message:
    """One message of a batch, or a new one."""

    __slots__ = ("payload", "metadata", "error", "_handle", "_index")

    def __init__(self, payload, metadata=None, error=None):
        self.payload = payload
        self.metadata = metadata
        self.error = error
        self._handle = None
        self._index = 0

    @property
    def index(self):
        """Its index in the batch."""
        return self._index

    def text(self):
        """The payload as text; one that is none flags the message."""
        return self.payload.decode()

    def json(self):
        """The payload, parsed."""
        return json.loads(self.payload)

    def get(self, key):
        """A metadata value, or None."""
        if self.metadata is not None:
            return self.metadata.get(key)
        value = self._handle.metadata(self._index, key) if self._handle else None
        return None if value is None else _plain(value)


class Result:
    """A batch that a processor gives, and the indexes of the messages that its own come from.

    `origins` is a list with one index for each message, or "same", or "whole": each depends on all."""

    def __init__(self, batch, origins="same"):
        self.batch = batch
        self.origins = origins

    def lower(self):
        if self.origins == "same":
            return wit.Processed(self.batch.handle, wit.Origins_Same())
        if self.origins == "whole":
            return wit.Processed(self.batch.handle, wit.Origins_Whole())
        return wit.Processed(self.batch.handle, wit.Origins_Each(self.origins))


_MAGIC = 0x31434246
_PAYLOAD, _NULLS, _METADATA, _ERRORS = 1, 2, 3, 4
_MASK = 1 << _PAYLOAD | 1 << _NULLS | 1 << _ERRORS


class Batch:
    """Messages that the host holds."""

    def __init__(self, handle):
        self.handle = handle
        self._columns = None

    @classmethod
    def of(cls, messages, independent=False):
        """A new batch of payloads (bytes, text or `TOMBSTONE`) or `Message`s."""
        messages = list(messages)
        if any(isinstance(message, Message) for message in messages):
            records = [_record(message) for message in messages]
            return cls(wit.Batch.from_messages(records, independent))
        payloads = [_bytes(message) for message in messages]
        return cls(wit.Batch.from_columns(_block(len(payloads), independent, _payload_columns(payloads))))

    def __len__(self):
        return self.handle.length()

    def payloads(self):
        """All payloads; None for a tombstone."""
        return self._parsed()[0]

    def errors(self):
        """The errors that messages are flagged with, by index."""
        return self._parsed()[1]

    def independent(self):
        """Whether each message stands for itself: what looks at a whole batch must take them one at a time."""
        return self._parsed()[2]

    def messages(self):
        """All messages, to look at."""
        payloads, errors, _ = self._parsed()
        messages = []
        for index, payload in enumerate(payloads):
            message = Message(b"" if payload is None else payload, error=errors.get(index))
            message._handle, message._index = self.handle, index
            messages.append(message)
        return messages

    def map(self, function):
        """A result for every message in turn. `function` gets a `Message` and returns a new payload (bytes, text or
        `TOMBSTONE`), a `Message` with new metadata too, or `DROP`. What it raises flags the message, which is passed
        on as it is."""
        payloads, errors, independent = self._parsed()
        results, origins, flagged, has_records = [], [], {}, False
        for message in self.messages():
            index = message._index
            error = errors.get(index)
            try:
                result = function(message)
                if result is DROP:
                    continue
                if isinstance(result, Message):
                    has_records = has_records or result.metadata is not None
                    error = result.error
                    result = result.payload
                result = _bytes(result)
            except Exception as raised:
                result, error = payloads[index], text_of(raised)
            if error is not None:
                flagged[len(results)] = error
            results.append(result)
            origins.append(index)
        if has_records:
            return self._map_records(function)
        same = len(origins) == len(payloads)
        columns = _payload_columns(results)
        if flagged or errors:
            columns[_ERRORS] = _sparse(flagged)
        lineage = wit.Origins_Same() if same else wit.Origins_Each(origins)
        batch = self.handle.derive(_block(len(results), independent, columns), lineage)
        return Result(Batch(batch), "same" if same else origins)

    def _map_records(self, function):
        """The same with metadata that changes: all of it goes through the guest."""
        records = self.handle.messages()
        results, origins = [], []
        for message, record in zip(self.messages(), records):
            message.metadata = {key: _plain(value) for key, value in record.metadata}
            try:
                result = function(message)
                if result is DROP:
                    continue
                if not isinstance(result, Message):
                    result = Message(result, message.metadata, message.error)
                elif result.metadata is None:
                    result.metadata = message.metadata
                results.append(_record(result))
            except Exception as raised:
                record.error = text_of(raised)
                results.append(record)
            origins.append(message._index)
        return Result(Batch(wit.Batch.from_messages(results, self.independent())), origins)

    def select(self, indexes):
        """The messages with these indexes; the others are dropped on purpose. Copies no payload."""
        return Result(Batch(self.handle.select(indexes)), list(indexes))

    def release(self):
        """Gives the host its handle back."""
        self.handle.__exit__(None, None, None)

    def _parsed(self):
        if self._columns is None:
            self._columns = _parse(self.handle.columns(_MASK))
        return self._columns


def _bytes(payload):
    if isinstance(payload, (bytes, bytearray)):
        return payload
    if isinstance(payload, str):
        return payload.encode()
    if payload is TOMBSTONE:
        return None
    raise TypeError(f"expected bytes, text, TOMBSTONE or a Message, got {type(payload).__name__}")


def _record(message):
    if not isinstance(message, Message):
        message = Message(message)
    metadata = [(key, _value(value)) for key, value in (message.metadata or {}).items()]
    return wit.Message(_bytes(message.payload), metadata, message.error)


def _value(value):
    """A value of Python as a metadata value."""
    match value:
        case None:
            return wit.Value_Null()
        case bool():
            return wit.Value_Boolean(value)
        case int():
            return wit.Value_Signed(value) if value < 1 << 63 else wit.Value_Unsigned(value)
        case float():
            return wit.Value_Float(value)
        case str():
            return wit.Value_Text(value)
        case bytes():
            return wit.Value_Bytes(value)
        case wit.Timestamp():
            return wit.Value_Timestamp(value)
        case _:
            return wit.Value_Json(json.dumps(value))


def _plain(value):
    """A metadata value as a value of Python."""
    match value:
        case wit.Value_Null():
            return None
        case wit.Value_Json():
            return json.loads(value.value)
        case _:
            return value.value


def _parse(block):
    """Payloads, errors by index, and whether messages are independent. See wit/plugin/columns.md."""
    _, count, columns, flags = unpack_from("<4I", block, 0)
    payloads, nulls, errors = [b""] * count, None, {}
    for index in range(columns):
        column, offset, length, _ = unpack_from("<4I", block, 16 + 16 * index)
        if column == _PAYLOAD:
            start = offset + 4 * count
            at = start
            for index, end in enumerate(unpack_from(f"<{count}I", block, offset)):
                payloads[index] = block[at : start + end]
                at = start + end
        elif column == _NULLS:
            nulls = block[offset : offset + length]
        elif column == _ERRORS:
            (entries,) = unpack_from("<I", block, offset)
            start = offset + 4 + 8 * entries
            at = start
            for entry in range(entries):
                message, end = unpack_from("<2I", block, offset + 4 + 8 * entry)
                errors[message] = block[at : start + end].decode()
                at = start + end
    if nulls is not None and any(nulls):
        for index in range(count):
            if nulls[index >> 3] >> (index & 7) & 1:
                payloads[index] = None
    return payloads, errors, bool(flags & 1)


def _payload_columns(payloads):
    ends, at, nulls = array("I"), 0, None
    for index, payload in enumerate(payloads):
        if payload is None:
            nulls = nulls or bytearray(-(-len(payloads) // 8))
            nulls[index >> 3] |= 1 << (index & 7)
        else:
            at += len(payload)
        ends.append(at)
    if nulls:
        payloads = [payload for payload in payloads if payload is not None]
    # WebAssembly is little-endian, and its unsigned int has 4 bytes.
    columns = {_PAYLOAD: ends.tobytes() + b"".join(payloads)}
    # Without it the host would take the tombstones of the source.
    columns[_NULLS] = bytes(nulls) if nulls else bytes(-(-len(ends) // 8))
    return columns


def _sparse(texts):
    """Texts by index, which rise."""
    encoded = [(index, text.encode()) for index, text in texts.items()]
    table, at = [pack("<I", len(encoded))], 0
    for index, text in encoded:
        at += len(text)
        table.append(pack("<2I", index, at))
    return b"".join(table) + b"".join(text for _, text in encoded)


def _block(messages, independent, columns):
    offset = 16 + 16 * len(columns)
    parts = [pack("<4I", _MAGIC, messages, len(columns), 1 if independent else 0)]
    bodies = []
    for column in sorted(columns):
        body = columns[column]
        bodies.append(bytes(-offset % 8))
        offset += -offset % 8
        parts.append(pack("<4I", column, offset, len(body), 0))
        bodies.append(body)
        offset += len(body)
    return b"".join(parts) + b"".join(bodies)
