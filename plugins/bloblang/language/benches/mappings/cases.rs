//! The mappings that are measured.

use forebay_bloblang::Form;

pub(crate) const CASES: &[(&str, Form, &str)] = &[
    ("metadata only", Form::Mapping, "meta kind = \"x\"\nmeta copy = @topic"),
    ("copy a field", Form::Mapping, "root.id = this.id"),
    ("copy all", Form::Mapping, "root = this"),
    (
        "copy and change",
        Form::Mapping,
        "root = this\nroot.type = this.type.uppercase()\nroot.gross = this.total * 1.19",
    ),
    (
        "rename and delete",
        Form::Mapping,
        "root = this\nroot.key = this.id\nroot.id = deleted()\nroot.user.email = deleted()",
    ),
    (
        "rename in place",
        Form::Mutation,
        "root.key = this.id\nroot.id = deleted()\nroot.user.email = deleted()",
    ),
    (
        "string methods",
        Form::Mapping,
        "root.name = this.user.name.uppercase().trim()\nroot.mail = this.user.email.lowercase().split(\"@\").index(1)\n\
         root.type = this.type.replace_all(\"o\", \"0\") + \"-\" + this.id.slice(0, 2)",
    ),
    (
        "arithmetic",
        Form::Mapping,
        "root.sum = this.total * this.count + 2.5\nroot.rest = (this.count - 1) % 2\nroot.big = this.total > 10 && this.count <= 3",
    ),
    ("map_each over 20", Form::Mapping, "root = range(0, 20).map_each(n -> n * 2 + 1)"),
    (
        "map_each over items",
        Form::Mapping,
        "root.items = this.items.map_each(i -> {\"sku\": i.sku, \"sum\": i.price * i.count})",
    ),
    (
        "match with 5 cases",
        Form::Mapping,
        "root.severity = match this.level {\n  \"debug\" => 1\n  \"info\" => 2\n  \"notice\" => 3\n  \"warn\" => 4\n  _ => 5\n}",
    ),
    (
        "timestamps",
        Form::Mapping,
        "root.at = this.created.ts_parse(\"2006-01-02T15:04:05Z\").ts_unix()\n\
         root.day = this.created.ts_format(\"2006-01-02\", \"UTC\")",
    ),
    ("30 lines", Form::Mapping, THIRTY),
];

const THIRTY: &str = r#"map person {
  root.name = this.name.trim()
  root.email = this.email.lowercase()
  root.domain = this.email.lowercase().split("@").index(1)
}
let now = "2026-11-20"
let total = this.total.or(0)
root.id = this.id.uppercase()
root.kind = this.type.or("unknown")
root.user = this.user.apply("person")
root.total = $total
root.tax = ($total * 0.19).round()
root.gross = $total + ($total * 0.19)
root.large = $total > 100 || this.count > 10
root.level = match this.level {
  "debug" => 0
  "info" => 1
  "warn" => 2
  _ => 3
}
root.day = this.created.ts_format("2006-01-02", "UTC")
root.today = this.created.has_prefix($now)
root.skus = this.items.map_each(i -> i.sku)
root.cheap = this.items.filter(i -> i.price < 5).length()
root.note = if this.ok { "fine" } else { "check" }
root.tags = ["a", this.type, this.level].join(",")
root.source = @topic.or("none")
root.raw = deleted()
meta id = this.id
meta kind = root.kind
"#;
