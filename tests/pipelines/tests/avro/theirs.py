"""Avro files as fastavro sees them.

`theirs.py check FILE` prints what it reads of a file, a JSON object for each value; `theirs.py write FOLDER` writes files of
the same values with every codec that we read; `theirs.py values SCHEMA` takes lines of JSON as Avro has it and prints each in
binary, in base64.
"""

import base64
import datetime
import decimal
import io
import json
import sys

import fastavro
import fastavro.read
import fastavro.schema

SCHEMA = {
    "type": "record",
    "name": "row",
    "namespace": "test",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "ok", "type": "boolean"},
        {"name": "small", "type": "int"},
        {"name": "x", "type": "float"},
        {"name": "y", "type": "double"},
        {"name": "raw", "type": "bytes"},
        {"name": "two", "type": {"type": "fixed", "name": "two", "size": 2}},
        {"name": "state", "type": {"type": "enum", "name": "state", "symbols": ["NEW", "OLD"]}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "time", "type": ["null", {"type": "int", "logicalType": "time-millis"}]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "counts", "type": {"type": "map", "values": "int"}},
        {"name": "next", "type": ["null", "row"]},
        {"name": "any", "type": ["null", "string", "long", {"type": "array", "items": "two"}]},
    ],
}


def row(number):
    return {
        "id": number * 1_000_000_007,
        "name": None if number % 3 == 0 else f"n\u00e9 {number}",
        "ok": number % 2 == 0,
        "small": -number,
        "x": number / 8,
        "y": number / 64,
        "raw": bytes([0, number % 256, 255]),
        "two": bytes([number % 256, 1]),
        "state": "NEW" if number % 2 else "OLD",
        "price": decimal.Decimal(number - 50) / 4,
        "day": datetime.date(2026, 11, 1 + number % 28),
        "at": datetime.datetime(2026, 11, 22, 1, 2, 3, number, tzinfo=datetime.timezone.utc),
        "time": None if number % 2 else datetime.time(1, 2, 3, 4000),
        "tags": [f"t{each}" for each in range(number % 3)],
        "counts": {f"k{each}": each for each in range(number % 3)},
        "next": None if number % 5 else {**row(number * 5 + 1)},
        "any": [None, "text", number, [bytes([1, 2])]][number % 4],
    }


def plain(value):
    """What JSON can say of a value."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value


def check(path):
    with open(path, "rb") as file:
        for value in fastavro.reader(file):
            print(json.dumps(plain(value), sort_keys=True))


def flat(value, schema=None):
    """A value whose logical types are what they are made of, as files have them."""
    file = io.BytesIO()
    fastavro.schemaless_writer(file, SCHEMA, value)
    file.seek(0)
    bare = json.loads(json.dumps(SCHEMA), object_hook=lambda each: {k: v for k, v in each.items() if k != "logicalType"})
    return fastavro.schemaless_reader(file, bare)


def write(folder):
    rows = [row(number) for number in range(100)]
    for codec in ["null", "deflate", "snappy", "zstandard", "bzip2"]:
        with open(f"{folder}/{codec}.avro", "wb") as file:
            fastavro.writer(file, SCHEMA, rows, codec=codec, sync_interval=500)
    with open(f"{folder}/expected.jsonl", "w") as file:
        for each in rows:
            print(json.dumps(plain(flat(each)), sort_keys=True), file=file)


def values(schema):
    schema = fastavro.parse_schema(json.loads(schema))
    for value in fastavro.json_reader(sys.stdin, schema):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, value)
        print(base64.b64encode(out.getvalue()).decode())


{"check": check, "write": write, "values": values}[sys.argv[1]](sys.argv[2])
