//! The methods. Adding one is adding a file and a line here.

mod expect;
mod geo;
mod integers;
mod memory;
mod order;
mod pattern;
mod place;
mod quicksort;
mod replacements;
mod scheme;
mod select;
mod tokens;
mod zones;

mod abs;
mod all;
mod any;
mod append;
mod apply;
mod array;
mod assign;
mod bitwise_and;
mod bitwise_or;
mod bitwise_xor;
mod bloblang;
mod bool;
mod bytes;
mod capitalize;
mod catch;
mod ceil;
mod collapse;
mod compare_argon2;
mod compare_bcrypt;
mod compress;
mod concat;
mod contains;
mod cos;
mod decode;
mod decompress;
mod decrypt_aes;
mod diff;
mod encode;
mod encrypt_aes;
mod enumerated;
mod escape_html;
mod escape_url_path;
mod escape_url_query;
mod exists;
mod explode;
mod filepath_join;
mod filepath_split;
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
mod format;
mod format_json;
mod format_msgpack;
mod format_timestamp;
mod format_timestamp_strftime;
mod format_timestamp_unix;
mod format_timestamp_unix_micro;
mod format_timestamp_unix_milli;
mod format_timestamp_unix_nano;
mod format_xml;
mod format_yaml;
mod from;
mod from_all;
mod geoip_anonymous_ip;
mod geoip_asn;
mod geoip_city;
mod geoip_connection_type;
mod geoip_country;
mod geoip_domain;
mod geoip_enterprise;
mod geoip_isp;
mod get;
mod has_prefix;
mod has_suffix;
mod hash;
mod index;
mod index_of;
mod infer_schema;
mod int16;
mod int32;
mod int64;
mod int8;
mod join;
mod json_path;
mod json_schema;
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
mod parse_big_decimal;
mod parse_csv;
mod parse_duration;
mod parse_duration_iso8601;
mod parse_form_url_encoded;
mod parse_json;
mod parse_jwt_es256;
mod parse_jwt_es384;
mod parse_jwt_es512;
mod parse_jwt_hs256;
mod parse_jwt_hs384;
mod parse_jwt_hs512;
mod parse_jwt_rs256;
mod parse_jwt_rs384;
mod parse_jwt_rs512;
mod parse_logfmt;
mod parse_msgpack;
mod parse_parquet;
mod parse_timestamp;
mod parse_timestamp_strptime;
mod parse_url;
mod parse_xml;
mod parse_yaml;
mod patch;
mod pow;
mod quote;
mod re_find_all;
mod re_find_all_object;
mod re_find_all_submatch;
mod re_find_object;
mod re_match;
mod re_replace;
mod re_replace_all;
mod repeat;
mod replace;
mod replace_all;
mod replace_all_many;
mod replace_many;
mod reverse;
mod round;
mod set;
mod sign_jwt_es256;
mod sign_jwt_es384;
mod sign_jwt_es512;
mod sign_jwt_hs256;
mod sign_jwt_hs384;
mod sign_jwt_hs512;
mod sign_jwt_rs256;
mod sign_jwt_rs384;
mod sign_jwt_rs512;
mod sin;
mod slice;
mod slug;
mod sort;
mod sort_by;
mod split;
mod split_by;
mod squash;
mod string;
mod strip_html;
mod sum;
mod tan;
mod timestamp;
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
mod unescape_html;
mod unescape_url_path;
mod unescape_url_query;
mod unicode_segments;
mod unique;
mod unquote;
mod uppercase;
mod uuid_v5;
mod values;
mod vector;
mod with;
mod without;
mod zip;

use crate::spec::FunctionSpec;

static METHODS: [FunctionSpec; 196] = [
    abs::SPEC,
    all::SPEC,
    any::SPEC,
    append::SPEC,
    apply::SPEC,
    array::SPEC,
    assign::SPEC,
    bitwise_and::SPEC,
    bitwise_or::SPEC,
    bitwise_xor::SPEC,
    bloblang::SPEC,
    bool::SPEC,
    bytes::SPEC,
    capitalize::SPEC,
    catch::SPEC,
    ceil::SPEC,
    collapse::SPEC,
    compare_argon2::SPEC,
    compare_bcrypt::SPEC,
    compress::SPEC,
    concat::SPEC,
    contains::SPEC,
    cos::SPEC,
    decode::SPEC,
    decompress::SPEC,
    decrypt_aes::SPEC,
    diff::SPEC,
    encode::SPEC,
    encrypt_aes::SPEC,
    enumerated::SPEC,
    escape_html::SPEC,
    escape_url_path::SPEC,
    escape_url_query::SPEC,
    exists::SPEC,
    explode::SPEC,
    filepath_join::SPEC,
    filepath_split::SPEC,
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
    format::SPEC,
    format_json::SPEC,
    format_msgpack::SPEC,
    format_timestamp::SPEC,
    format_timestamp_strftime::SPEC,
    format_timestamp_unix::SPEC,
    format_timestamp_unix_micro::SPEC,
    format_timestamp_unix_milli::SPEC,
    format_timestamp_unix_nano::SPEC,
    format_xml::SPEC,
    format_yaml::SPEC,
    from::SPEC,
    from_all::SPEC,
    geoip_anonymous_ip::SPEC,
    geoip_asn::SPEC,
    geoip_city::SPEC,
    geoip_connection_type::SPEC,
    geoip_country::SPEC,
    geoip_domain::SPEC,
    geoip_enterprise::SPEC,
    geoip_isp::SPEC,
    get::SPEC,
    has_prefix::SPEC,
    has_suffix::SPEC,
    hash::SPEC,
    index::SPEC,
    index_of::SPEC,
    infer_schema::SPEC,
    int16::SPEC,
    int32::SPEC,
    int64::SPEC,
    int8::SPEC,
    join::SPEC,
    json_path::SPEC,
    json_schema::SPEC,
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
    parse_big_decimal::SPEC,
    parse_csv::SPEC,
    parse_duration::SPEC,
    parse_duration_iso8601::SPEC,
    parse_form_url_encoded::SPEC,
    parse_json::SPEC,
    parse_jwt_es256::SPEC,
    parse_jwt_es384::SPEC,
    parse_jwt_es512::SPEC,
    parse_jwt_hs256::SPEC,
    parse_jwt_hs384::SPEC,
    parse_jwt_hs512::SPEC,
    parse_jwt_rs256::SPEC,
    parse_jwt_rs384::SPEC,
    parse_jwt_rs512::SPEC,
    parse_logfmt::SPEC,
    parse_msgpack::SPEC,
    parse_parquet::SPEC,
    parse_timestamp::SPEC,
    parse_timestamp_strptime::SPEC,
    parse_url::SPEC,
    parse_xml::SPEC,
    parse_yaml::SPEC,
    patch::SPEC,
    pow::SPEC,
    quote::SPEC,
    re_find_all::SPEC,
    re_find_all_object::SPEC,
    re_find_all_submatch::SPEC,
    re_find_object::SPEC,
    re_match::SPEC,
    re_replace::SPEC,
    re_replace_all::SPEC,
    repeat::SPEC,
    replace::SPEC,
    replace_all::SPEC,
    replace_all_many::SPEC,
    replace_many::SPEC,
    reverse::SPEC,
    round::SPEC,
    set::SPEC,
    sign_jwt_es256::SPEC,
    sign_jwt_es384::SPEC,
    sign_jwt_es512::SPEC,
    sign_jwt_hs256::SPEC,
    sign_jwt_hs384::SPEC,
    sign_jwt_hs512::SPEC,
    sign_jwt_rs256::SPEC,
    sign_jwt_rs384::SPEC,
    sign_jwt_rs512::SPEC,
    sin::SPEC,
    slice::SPEC,
    slug::SPEC,
    sort::SPEC,
    sort_by::SPEC,
    split::SPEC,
    split_by::SPEC,
    squash::SPEC,
    string::SPEC,
    strip_html::SPEC,
    sum::SPEC,
    tan::SPEC,
    timestamp::SPEC,
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
    unescape_html::SPEC,
    unescape_url_path::SPEC,
    unescape_url_query::SPEC,
    unicode_segments::SPEC,
    unique::SPEC,
    unquote::SPEC,
    uppercase::SPEC,
    uuid_v5::SPEC,
    values::SPEC,
    vector::SPEC,
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

/// Base64 with padding, as `decode` reads it.
pub(crate) fn base64(text: &[u8]) -> Result<Vec<u8>, String> {
    scheme::Scheme::Base64.decode(text)
}
