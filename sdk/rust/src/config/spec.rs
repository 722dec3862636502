use serde_json::{Map, Value, json};

/// The description of a field, in the form of `description.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec(Map<String, Value>);

impl Spec {
    /// A field of this type: `string`, `int`, `float`, `bool`, `scanner`, `unknown`.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self(Map::new()).with("type", kind.into())
    }

    /// An object with these fields.
    #[must_use]
    pub fn object(fields: Vec<Self>) -> Self {
        let fields = fields.into_iter().map(Self::into_json).collect();
        Self::new("object").with("fields", Value::Array(fields))
    }

    /// An array of such fields.
    #[must_use]
    pub fn array(self) -> Self {
        self.collection("array")
    }

    /// A map of such fields.
    #[must_use]
    pub fn map(self) -> Self {
        self.collection("map")
    }

    /// The contract knows arrays and maps of plain fields; deeper ones are anything.
    fn collection(self, kind: &str) -> Self {
        let element = if self.0.contains_key("kind") { Self::new("unknown") } else { self };
        element.with("kind", kind.into())
    }

    /// The fields of an object.
    #[must_use]
    pub fn into_fields(mut self) -> Vec<Self> {
        let Some(Value::Array(fields)) = self.0.remove("fields") else { return Vec::new() };
        let object = |field| if let Value::Object(field) = field { Some(Self(field)) } else { None };
        fields.into_iter().filter_map(object).collect()
    }

    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.with("name", name.into())
    }

    /// Adds documentation, unless it is empty.
    #[must_use]
    pub fn docs(self, docs: &str) -> Self {
        if docs.is_empty() { self } else { self.with("docs", docs.into()) }
    }

    #[must_use]
    pub fn default(self, default: Value) -> Self {
        self.with("default", default)
    }

    #[must_use]
    pub fn optional(self) -> Self {
        self.with("optional", true.into())
    }

    #[must_use]
    pub fn example(mut self, example: Value) -> Self {
        if let Value::Array(examples) = self.0.entry("examples").or_insert_with(|| json!([])) {
            examples.push(example);
        }
        self
    }

    #[must_use]
    pub fn options(self, options: &[&str]) -> Self {
        self.with("options", options.into())
    }

    #[must_use]
    pub fn interpolated(self) -> Self {
        self.with("interpolated", true.into())
    }

    /// Says that the string is a mapping in this language.
    #[must_use]
    pub fn mapping(self, language: &str) -> Self {
        self.with("mapping", language.into())
    }

    /// Says what form the mapping has: `mutation` or `query`.
    #[must_use]
    pub fn form(self, form: &str) -> Self {
        self.with("form", form.into())
    }

    /// Says that the string is the label of a resource of the pipeline: `cache`.
    #[must_use]
    pub fn resource(self, kind: &str) -> Self {
        self.with("resource", kind.into())
    }

    #[must_use]
    pub fn secret(self) -> Self {
        self.with("secret", true.into())
    }

    #[must_use]
    pub fn deprecated(self) -> Self {
        self.with("deprecated", true.into())
    }

    #[must_use]
    pub fn advanced(self) -> Self {
        self.with("advanced", true.into())
    }

    /// The documentation; empty where there is none.
    #[must_use]
    pub fn documentation(&self) -> &str {
        self.0.get("docs").and_then(Value::as_str).unwrap_or_default()
    }

    /// The same without its documentation, which a component shows in its own place.
    #[must_use]
    pub(crate) fn docs_removed(mut self) -> Self {
        self.0.remove("docs");
        self
    }

    #[must_use]
    pub fn into_json(self) -> Value {
        Value::Object(self.0)
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.0.insert(member.to_owned(), value);
        self
    }
}
