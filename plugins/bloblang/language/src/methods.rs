//! The methods. Adding one is adding a file and a line here.

mod expect;
mod integers;
mod letters;
mod memory;
mod order;
mod pattern;
mod place;
mod scheme;
mod select;
mod zones;

mod abs;
mod all;
mod any;
mod append;
mod apply;
mod array;
mod assign;
mod bool;
mod bytes;
mod capitalize;
mod catch;
mod ceil;
mod collapse;
mod concat;
mod contains;
mod cos;
mod decode;
mod encode;
mod enumerated;
mod exists;
mod explode;
mod filter;
mod find;
mod find_all;
mod find_all_by;
mod find_by;
mod flatten;
mod float32;
mod float64;
mod floor;
mod fold;
mod format_json;
mod format_timestamp;
mod format_timestamp_strftime;
mod format_timestamp_unix;
mod format_timestamp_unix_micro;
mod format_timestamp_unix_milli;
mod format_timestamp_unix_nano;
mod from;
mod from_all;
mod get;
mod has_prefix;
mod has_suffix;
mod index;
mod index_of;
mod int16;
mod int32;
mod int64;
mod int8;
mod join;
mod key_values;
mod keys;
mod length;
mod log;
mod log10;
mod lowercase;
mod map;
mod map_each;
mod map_each_key;
mod max;
mod merge;
mod min;
mod not;
mod not_empty;
mod not_null;
mod number;
mod or;
mod parse_duration;
mod parse_duration_iso8601;
mod parse_json;
mod parse_timestamp;
mod parse_timestamp_strptime;
mod pow;
mod quote;
mod repeat;
mod replace;
mod replace_all;
mod reverse;
mod round;
mod set;
mod sin;
mod slice;
mod sort;
mod sort_by;
mod split;
mod split_by;
mod squash;
mod string;
mod sum;
mod tan;
mod trim;
mod trim_prefix;
mod trim_suffix;
mod ts_add_iso8601;
mod ts_format;
mod ts_parse;
mod ts_round;
mod ts_strftime;
mod ts_strptime;
mod ts_sub;
mod ts_sub_iso8601;
mod ts_tz;
mod ts_unix;
mod ts_unix_micro;
mod ts_unix_milli;
mod ts_unix_nano;
mod r#type;
mod uint16;
mod uint32;
mod uint64;
mod uint8;
mod unique;
mod uppercase;
mod values;
mod with;
mod without;
mod zip;

use crate::spec::FunctionSpec;

static METHODS: [FunctionSpec; 117] = [
    abs::SPEC,
    all::SPEC,
    any::SPEC,
    append::SPEC,
    apply::SPEC,
    array::SPEC,
    assign::SPEC,
    bool::SPEC,
    bytes::SPEC,
    capitalize::SPEC,
    catch::SPEC,
    ceil::SPEC,
    collapse::SPEC,
    concat::SPEC,
    contains::SPEC,
    cos::SPEC,
    decode::SPEC,
    encode::SPEC,
    enumerated::SPEC,
    exists::SPEC,
    explode::SPEC,
    filter::SPEC,
    find::SPEC,
    find_all::SPEC,
    find_all_by::SPEC,
    find_by::SPEC,
    flatten::SPEC,
    float32::SPEC,
    float64::SPEC,
    floor::SPEC,
    fold::SPEC,
    format_json::SPEC,
    format_timestamp::SPEC,
    format_timestamp_strftime::SPEC,
    format_timestamp_unix::SPEC,
    format_timestamp_unix_micro::SPEC,
    format_timestamp_unix_milli::SPEC,
    format_timestamp_unix_nano::SPEC,
    from::SPEC,
    from_all::SPEC,
    get::SPEC,
    has_prefix::SPEC,
    has_suffix::SPEC,
    index::SPEC,
    index_of::SPEC,
    int16::SPEC,
    int32::SPEC,
    int64::SPEC,
    int8::SPEC,
    join::SPEC,
    key_values::SPEC,
    keys::SPEC,
    length::SPEC,
    log::SPEC,
    log10::SPEC,
    lowercase::SPEC,
    map::SPEC,
    map_each::SPEC,
    map_each_key::SPEC,
    max::SPEC,
    merge::SPEC,
    min::SPEC,
    not::SPEC,
    not_empty::SPEC,
    not_null::SPEC,
    number::SPEC,
    or::SPEC,
    parse_duration::SPEC,
    parse_duration_iso8601::SPEC,
    parse_json::SPEC,
    parse_timestamp::SPEC,
    parse_timestamp_strptime::SPEC,
    pow::SPEC,
    quote::SPEC,
    repeat::SPEC,
    replace::SPEC,
    replace_all::SPEC,
    reverse::SPEC,
    round::SPEC,
    set::SPEC,
    sin::SPEC,
    slice::SPEC,
    sort::SPEC,
    sort_by::SPEC,
    split::SPEC,
    split_by::SPEC,
    squash::SPEC,
    string::SPEC,
    sum::SPEC,
    tan::SPEC,
    trim::SPEC,
    trim_prefix::SPEC,
    trim_suffix::SPEC,
    ts_add_iso8601::SPEC,
    ts_format::SPEC,
    ts_parse::SPEC,
    ts_round::SPEC,
    ts_strftime::SPEC,
    ts_strptime::SPEC,
    ts_sub::SPEC,
    ts_sub_iso8601::SPEC,
    ts_tz::SPEC,
    ts_unix::SPEC,
    ts_unix_micro::SPEC,
    ts_unix_milli::SPEC,
    ts_unix_nano::SPEC,
    r#type::SPEC,
    uint16::SPEC,
    uint32::SPEC,
    uint64::SPEC,
    uint8::SPEC,
    unique::SPEC,
    uppercase::SPEC,
    values::SPEC,
    with::SPEC,
    without::SPEC,
    zip::SPEC,
];

/// All methods, in the order of their names.
pub fn methods() -> &'static [FunctionSpec] {
    &METHODS
}

pub(crate) fn find(name: &str) -> Option<&'static FunctionSpec> {
    METHODS.binary_search_by(|spec| spec.name.cmp(name)).ok().and_then(|at| METHODS.get(at))
}
