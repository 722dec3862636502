use super::*;
use crate::mapping::Form;

fn places(source: &str) -> Places {
    let mapping =
        Mapping::compile(source, Form::Mapping).unwrap_or_else(|error| panic!("{error} in {source}"));
    mapping.places().expect("it is small")
}

fn shown(places: &[Place]) -> Vec<String> {
    let shown = |place: &Place| {
        let (start, path) = match place {
            Place::Document(path) => ("this", path),
            Place::Metadata(path) => ("@", path),
        };
        path.iter().fold(start.to_owned(), |shown, key| format!("{shown}.{key}"))
    };
    let mut shown: Vec<_> = places.iter().map(shown).collect();
    shown.sort();
    shown
}

fn read(source: &str) -> String {
    shown(&places(source).reads).join(" ")
}

#[test]
fn assignments_are_what_a_mapping_writes() {
    let source = "let x = 1\nmeta = {}\nmeta a = 1\nroot = {}\nroot.b.c = 1\nif this.d { root.e = 1 } else { meta f = 2 }";
    assert_eq!(shown(&places(source).writes), ["@", "@.a", "@.f", "this", "this.b.c", "this.e"]);
    assert_eq!(read(source), "this.d");
    assert_eq!(shown(&places("this.a").writes), ["this"]);
}

#[test]
fn fields_and_metadata_are_read() {
    for (source, expected) in [
        ("this", "this"),
        ("this.a.b", "this.a.b"),
        ("a.b", "this.a.b"),
        ("this.a.get(\"b.c\")", "this.a.b.c"),
        ("root.x = root.a\nroot.y = $z | 1", ""),
        ("content()", ""),
        ("json(\"a.b\") + json().c", "this this.a.b this.c"),
        ("[@a, meta(\"b\"), metadata().c, @]", "@ @.a @.b @.c"),
        ("metadata(this.key)", "this.key"),
        ("{\"a\": this.a, (this.b): 1}", "this.a this.b"),
        (
            "if this.a { this.b } else if this.c { this.d } else { this.e }",
            "this.a this.b this.c this.d this.e",
        ),
        ("!this.a || -this.b == 1 && (this.c | this.d)", "this.a this.b this.c this.d"),
    ] {
        assert_eq!(read(source), expected, "{source}");
    }
}

#[test]
fn this_may_be_part_of_the_document() {
    for (source, expected) in [
        ("this.a.(this.b)", "this.a this.a.b"),
        ("this.a.(x -> x.b + this.c)", "this.a this.a.b this.c"),
        ("this.a.(this.b).c", "this.a this.a.b this.a.b.c"),
        ("match this.a { this.b == 1 => this.c, _ => 5 }", "this.a this.a.b this.a.c"),
        ("match { this.b == 1 => this.c }", "this.b this.c"),
        ("map m {\n  root = this.b\n}\nroot = this.a.apply(\"m\")", "this.a this.a.b"),
        ("map m {\n  root = this.b.apply(\"m\")\n}\nroot = this.a.apply(\"m\")", "this.a this.a.b"),
    ] {
        assert_eq!(read(source), expected, "{source}");
    }
}

#[test]
fn methods_read_what_they_are_called_on() {
    for (source, expected) in [
        ("this.a.uppercase()", "this.a"),
        ("this.a.map_each(x -> this.b)", "this.a"),
        ("this.a.or(this.b)", "this.a this.b"),
        ("this.a.catch(this.b).c", "this.a this.b"),
        ("this.a.keys().sort_by(x -> x.b)", "this.a"),
        // As in Bento, a computed argument hides the rest.
        ("this.a.contains(this.b)", "this.b"),
        ("this.a[this.b]", "this.a this.b"),
        ("this.a[this.b:this.c]", "this.a this.b this.c"),
        ("this.a.parse_json().b", "this.a this.a.b"),
    ] {
        assert_eq!(read(source), expected, "{source}");
    }
}

#[test]
fn what_is_too_much_is_not_told() {
    let source = format!("this.a{}", ".(this.b + this.c)".repeat(30));
    let mapping = Mapping::compile(&source, Form::Mapping).expect("it compiles");
    assert_eq!(mapping.places(), None);
}
