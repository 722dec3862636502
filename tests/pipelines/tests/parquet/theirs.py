"""Parquet files as pyarrow and DuckDB see them.

`theirs.py check FILE` prints what both read of a file, a JSON object of each row, after they agreed; `theirs.py write FOLDER`
has both write files of the same rows, in several forms.
"""

import datetime
import decimal
import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


def plain(value):
    """What JSON can say of a value."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        # A map is a list of pairs for pyarrow.
        if value and all(isinstance(each, tuple) for each in value):
            return {key: plain(each) for key, each in value}
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value


def check(path):
    table = pq.read_table(path)
    arrow = [plain(row) for row in table.to_pylist()]
    maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    # By way of Arrow, since DuckDB alone wants one more module for times with a zone.
    table = connection.execute("SELECT * FROM read_parquet(?)", [path]).to_arrow_table()
    duck = [plain(row) for row in table.to_pylist()]
    for one, other in zip(arrow, duck):
        assert one == other, f"pyarrow reads {one}, DuckDB reads {other}"
        # An empty map is an empty list by now.
        other.update({name: {} for name in maps if other[name] == []})
        print(json.dumps(other, sort_keys=True))
    assert len(arrow) == len(duck)


ROWS = [
    {
        "id": number,
        "name": None if number % 3 == 0 else f"n\u00e9 {number}",
        "price": decimal.Decimal(number) / 4,
        "day": datetime.date(2026, 11, 1 + number % 28),
        "at": datetime.datetime(2026, 11, 22, 1, 2, 3, number * 1000, tzinfo=datetime.timezone.utc),
        "tags": [f"t{each}" for each in range(number % 3)],
        "place": None if number % 5 == 0 else {"x": number / 8, "deep": [{"y": each} for each in range(number % 2)]},
        "counts": [(f"k{each}", each) for each in range(number % 3)],
        "raw": bytes([0, number]),
    }
    for number in range(100)
]

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("price", pa.decimal128(12, 2)),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("tags", pa.list_(pa.string())),
        ("place", pa.struct([("x", pa.float64()), ("deep", pa.list_(pa.struct([("y", pa.int32())])))])),
        ("counts", pa.map_(pa.string(), pa.int32())),
        ("raw", pa.binary()),
    ]
)


def write(folder):
    table = pa.Table.from_pylist(ROWS, schema=SCHEMA)
    forms = {
        "plain": {"compression": "none", "use_dictionary": False},
        "snappy-v2": {"compression": "snappy", "data_page_version": "2.0", "version": "2.6"},
        "gzip": {"compression": "gzip"},
        "brotli": {"compression": "brotli"},
        "zstd-groups": {"compression": "zstd", "row_group_size": 7},
        "lz4": {"compression": "lz4"},
        "old-lists": {"use_compliant_nested_type": False, "version": "1.0"},
        "delta": {
            "use_dictionary": False,
            "column_encoding": {"id": "DELTA_BINARY_PACKED", "name": "DELTA_BYTE_ARRAY", "raw": "DELTA_LENGTH_BYTE_ARRAY"},
        },
    }
    for name, options in forms.items():
        pq.write_table(table, f"{folder}/arrow-{name}.parquet", **options)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("rows", table)
    for codec in ["uncompressed", "snappy", "zstd"]:
        connection.execute(f"COPY rows TO '{folder}/duck-{codec}.parquet' (FORMAT parquet, COMPRESSION {codec})")


if sys.argv[1] == "check":
    check(sys.argv[2])
else:
    write(sys.argv[2])
