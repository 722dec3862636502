//! What the old field `codec` of inputs says.

use forebay_regex::Regex;
use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Docs, Problem};

use crate::chunker::Chunker;
use crate::csv::{Csv, Rows};
use crate::decompress::{Algorithm, Decompress};
use crate::lines::Lines;
use crate::multipart::Multipart;
use crate::plan::{Kind, Plan};
use crate::re_match::ReMatch;
use crate::skip_bom::SkipBom;
use crate::switch::{Case, Switch};
use crate::tar::Tar;
use crate::to_the_end::ToTheEnd;

/// Cuts as the old field `codec` of inputs says, for which the host uses it. Use the other scanners.
///
/// Codecs are chained with `/`: `gzip/csv`, `lines/multipart`.
#[derive(Config)]
pub(crate) struct CodecConfig {
    /// `lines`, `delim:x`, `all-bytes`, `chunker:x`, `csv`, `csv:x`, `csv-safe`, `csv-safe:x`, `regex:x` or `tar`; before
    /// it any of `gzip`, `pgzip` and `skipbom`, behind it `multipart`. Or `auto`, by the ending of the name.
    #[config(example = "gzip/csv")]
    codec: String,
    /// The size of the buffer of `lines`, `delim:x` and `regex:x`.
    #[config(default = 1000000)]
    max_buffer: usize,
}

pub(crate) struct Codec;

impl Kind for Codec {
    const NAME: &'static str = "codec";
    const DOCS: Docs = Docs { status: "deprecated", ..Docs::DEFAULT };

    type Config = CodecConfig;

    fn plan(config: CodecConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        let CodecConfig { codec, max_buffer } = config;
        let max_buffer = if max_buffer == 0 { 1_000_000 } else { max_buffer };
        let plan = if codec == "auto" { auto(max_buffer) } else { plan(&codec, max_buffer) };
        plan.map_err(|reason| Problem::new(reason).at(at.key("codec")))
    }
}

/// What the last ending of a name says; without one that is known it is read as a whole.
fn auto(max_buffer: usize) -> Result<Box<dyn Plan>, String> {
    let case =
        |pattern: &str, scanner| Ok::<_, String>(Case { name: Some(Regex::compile(pattern)?), scanner });
    Ok(Switch::of(vec![
        case(r"\.tar\.gz(ip)?$|\.tgz$", plan("gzip/tar", max_buffer)?)?,
        case(r"\.csv$", plan("csv", max_buffer)?)?,
        case(r"\.tar$", plan("tar", max_buffer)?)?,
        Case { name: None, scanner: ToTheEnd::of_all() },
    ]))
}

fn plan(codec: &str, max_buffer: usize) -> Result<Box<dyn Plan>, String> {
    let codec = match codec {
        "csv-gzip" => "gzip/csv",
        "tar-gzip" => "gzip/tar",
        other => other,
    };
    let mut plan: Option<Box<dyn Plan>> = None;
    let mut before = "";
    // What comes first changes the bytes for what comes behind it, which is made first.
    let mut changes = Vec::new();
    for part in codec.split('/') {
        let follows = || format!("unable to follow codec '{before}' with '{part}'");
        if matches!(part, "gzip" | "pgzip" | "skipbom") {
            if plan.is_some() {
                return Err(follows());
            }
            changes.push(part);
        } else if part == "multipart" {
            let inner = plan.take().ok_or("codec 'multipart' must be preceded by a structured codec")?;
            plan = Some(Multipart::behind(inner));
        } else {
            let cut = cut(part, max_buffer)?;
            if plan.is_some() {
                return Err(follows());
            }
            plan = Some(cut);
        }
        before = part;
    }
    let mut plan = plan.ok_or_else(|| format!("codec was not recognised: {codec}"))?;
    while let Some(change) = changes.pop() {
        plan = match change {
            "skipbom" => SkipBom::before(plan),
            _ => Decompress::before(Algorithm::Gzip, plan),
        };
    }
    Ok(plan)
}

/// A codec that cuts.
fn cut(codec: &str, max_buffer: usize) -> Result<Box<dyn Plan>, String> {
    match codec {
        "lines" => return Ok(Lines::plan(String::new(), max_buffer, false)),
        "all-bytes" => return Ok(ToTheEnd::of_all()),
        "tar" => return Ok(Tar::codec()),
        "csv" => return Csv::codec(',', Rows::Plain).map_err(|error| error.to_string()),
        "csv-safe" => return Csv::codec(',', Rows::Safe).map_err(|error| error.to_string()),
        _ => {}
    }
    let unknown = || format!("codec was not recognised: {codec}");
    let (name, value) = codec.split_once(':').ok_or_else(unknown)?;
    let given =
        |what: &str| if value.is_empty() { Err(format!("{name} codec requires {what}")) } else { Ok(value) };
    match name {
        "delim" => Ok(Lines::plan(given("a non-empty delimiter")?.to_owned(), max_buffer, false)),
        "csv" | "csv-safe" => {
            let mut characters = given("a non-empty delimiter")?.chars();
            let (Some(delimiter), None) = (characters.next(), characters.next()) else {
                return Err(format!("{name} codec requires a single character delimiter"));
            };
            let rows = if name == "csv" { Rows::Plain } else { Rows::Safe };
            Csv::codec(delimiter, rows).map_err(|error| error.to_string())
        }
        "chunker" => match value.parse() {
            Ok(size) if size > 0 => Ok(Chunker::of(size)),
            _ => Err(format!("invalid chunk size for chunker codec: expected a number from 1, got {value}")),
        },
        "regex" => ReMatch::of(given("a non-empty delimiter")?, max_buffer),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::json;

    use super::{Codec, CodecConfig, Kind, Plan, Pointer};
    use crate::testing::{Messages, scan};

    fn open(codec: &str) -> Result<Box<dyn Plan>, String> {
        let config: CodecConfig = testing::config(&json!({"codec": codec})).expect("a configuration");
        Codec::plan(config, &Pointer::ROOT).map_err(|problem| problem.to_string())
    }

    fn read(codec: &str, name: &str, bytes: &[u8]) -> Messages {
        scan(open(codec).expect("a codec").as_ref(), bytes, 3, name)
    }

    #[test]
    fn codecs_cut_as_their_scanners_do() {
        let texts = |codec: &str, text: &str| read(codec, "x", text.as_bytes()).texts();
        assert_eq!(texts("lines", "a\r\n\nb"), ["a", "", "b"]);
        assert_eq!(texts("delim:|;", "a|;b\n"), ["a", "b\n"]);
        assert_eq!(texts("all-bytes", "a\nb"), ["a\nb"]);
        assert_eq!(texts("chunker:2", "abc"), ["ab", "c"]);
        assert_eq!(texts("regex:x", "axbx"), ["a", "xb", "x"]);
        assert_eq!(texts("skipbom/lines", "\u{feff}a\nb"), ["a", "b"]);
        assert_eq!(read("csv", "x", b"b,a\n1,2").details(), [r#"{"a":"2","b":"1"}"#]);
        assert_eq!(read("csv:;", "x", b"b;a\n1;2").details(), [r#"{"a":"2","b":"1"}"#]);
    }

    #[test]
    fn safe_rows_say_their_mistakes_in_the_metadata() {
        assert_eq!(
            read("csv-safe", "x", b"a,b\n1,2\n ,\n3\n").details(),
            [
                r#"{"a":"1","b":"2"} row_number=2 row_empty=false"#,
                r#"{"a":" ","b":""} row_number=3 row_empty=true"#,
                "{} row_number=4 row_empty=false row_parse_error=record on line 4: wrong number of fields",
            ]
        );
    }

    #[test]
    fn empty_messages_end_batches() {
        let messages = read("lines/multipart", "x", b"\na\nb\n\n\nc\n");
        assert_eq!(messages.groups(), [vec!["a", "b"], vec!["c"]]);
        assert!(messages.batches.iter().all(|batch| !batch.independent()));
    }

    #[test]
    fn names_decide_where_the_codec_is_auto() {
        assert_eq!(read("auto", "a/b.csv", b"a\n1").texts(), [r#"{"a":"1"}"#]);
        assert_eq!(read("auto", "a.csv/b", b"a\n1").texts(), ["a\n1"]);
        assert!(read("auto", "b.tar.gz", b"no").error.is_some());
    }

    #[test]
    fn what_is_no_codec_is_refused() {
        for (codec, reason) in [
            ("nothing", "codec was not recognised: nothing"),
            ("gzip", "codec was not recognised: gzip"),
            ("csv/gzip", "unable to follow codec 'csv' with 'gzip'"),
            ("csv/tar", "unable to follow codec 'csv' with 'tar'"),
            ("multipart", "codec 'multipart' must be preceded by a structured codec"),
            ("delim:", "delim codec requires a non-empty delimiter"),
            ("csv:ab", "csv codec requires a single character delimiter"),
            ("chunker:x", "invalid chunk size for chunker codec: expected a number from 1, got x"),
            ("avro-ocf", "codec was not recognised: avro-ocf"),
        ] {
            assert_eq!(open(codec).err(), Some(format!("/codec: {reason}")));
        }
    }
}
