use forebay_sdk::config::{Pointer, Spec};
use forebay_sdk::serde_json::{Map, Value};
use forebay_sdk::{Config, Problem};

use super::Special;
use crate::leaf::{NAMES, Sizes};

/// How a field is described; what `fields` holds is described in the same way.
#[derive(Config)]
#[expect(dead_code, reason = "it is read by hand, since it contains itself")]
struct FieldDocs {
    /// The name of the column.
    name: String,
    /// The type of the column; needed unless it has fields of its own, which make it a STRUCT. MAP has the two fields
    /// key and value, and keys that are strings; LIST has one field, its element. Of UTF8, JSON, ENUM and so on files say
    /// what their bytes are. DATE, TIME_* and TIMESTAMP_* take numbers in their unit, and text as RFC 3339 has it.
    r#type: Option<String>,
    /// How many digits a number of type DECIMAL32, DECIMAL64 or DECIMAL has.
    #[config(default = 0)]
    decimal_precision: i64,
    /// How many of them stand behind the point. A number in a message is the number without its point; a text is the
    /// number as it is written.
    #[config(default = 0)]
    decimal_scale: i64,
    /// The bytes of a value of type FIXED_LEN_BYTE_ARRAY.
    #[config(default = 0, advanced)]
    length: i64,
    /// Whether the field is repeated.
    #[config(default = false)]
    repeated: bool,
    /// Whether the field is optional. One that is not and is missing has the value 0, false or empty.
    #[config(default = false)]
    optional: bool,
    /// The compression of this column, if it is another than `default_compression`.
    #[config(advanced)]
    compression: Option<String>,
    /// The encoding of this column, if it is another than `default_encoding`.
    #[config(advanced)]
    encoding: Option<String>,
    /// Whether readers can tell by a Bloom filter which row groups may hold a value of this column.
    #[config(default = false, advanced)]
    bloom_filter: bool,
    /// Fields of this field.
    #[config(example = [{"name": "foo", "type": "INT64"}, {"name": "bar", "type": "BYTE_ARRAY"}])]
    fields: Option<Vec<Value>>,
}

/// A field as it is configured.
#[derive(Debug)]
pub(crate) struct FieldConfig {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) sizes: Sizes,
    pub(super) repeated: bool,
    pub(super) optional: bool,
    pub(super) special: Special,
    pub(super) fields: Option<Vec<Self>>,
}

impl Config for FieldConfig {
    fn spec() -> Spec {
        let docs = FieldDocs::spec();
        let text = docs.documentation().to_owned();
        let is_type = |field: &Spec| field.clone().into_json()["name"] == "type";
        let fields = docs.into_fields().into_iter();
        let fields = fields.map(|field| if is_type(&field) { field.options(&NAMES) } else { field });
        Spec::object(fields.collect()).docs(&text)
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        let Value::Object(members) = value else {
            return Err(Problem::new("expected object value").at(at));
        };
        const KNOWN: [&str; 11] = [
            "name",
            "type",
            "decimal_precision",
            "decimal_scale",
            "length",
            "repeated",
            "optional",
            "compression",
            "encoding",
            "bloom_filter",
            "fields",
        ];
        if let Some(unknown) = members.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(Problem::new(format!("field {unknown} not recognised")).at(at));
        }
        let name = read::<String>(members, "name", at)?;
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Problem::new("field name is required").at(at))?;
        Ok(Self {
            name,
            kind: read::<String>(members, "type", at)?.map(|kind| kind.to_ascii_uppercase()),
            sizes: Sizes {
                precision: read(members, "decimal_precision", at)?.unwrap_or_default(),
                scale: read(members, "decimal_scale", at)?.unwrap_or_default(),
                length: read(members, "length", at)?.unwrap_or_default(),
            },
            repeated: read(members, "repeated", at)?.unwrap_or_default(),
            optional: read(members, "optional", at)?.unwrap_or_default(),
            special: Special {
                compression: read(members, "compression", at)?,
                encoding: read(members, "encoding", at)?,
                bloom_filter: read(members, "bloom_filter", at)?.unwrap_or_default(),
            },
            fields: read(members, "fields", at)?,
        })
    }
}

fn read<C: Config>(members: &Map<String, Value>, key: &str, at: &Pointer<'_>) -> Result<Option<C>, Problem> {
    match members.get(key) {
        None => Ok(None),
        Some(value) => Option::<C>::parse(value, &at.key(key)),
    }
}
