//! XML as documents: elements are keys, attributes are keys with a dash in front, and text among them is `#text`.

mod charset;
mod names;
mod read;
mod tokens;
mod write;

pub use read::XmlDocuments;
pub(crate) use read::read;
pub(crate) use write::{Layout, write};

/// The key of text beside attributes or elements.
const TEXT: &str = "#text";

#[cfg(test)]
mod tests {
    use super::{Layout, read, write};
    use crate::Value;

    fn json(xml: &str) -> Result<String, String> {
        let mut out = Vec::new();
        Value::Object(read(xml.as_bytes(), false)?).write_json(&mut out);
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn elements_attributes_and_text_become_keys() {
        let xml = "<?xml version=\"1.0\"?><a b=1><c>x</c><c/>t<!-- n --></a>";
        assert_eq!(json(xml).as_deref(), Ok(r##"{"a":{"#text":"t","-b":"1","c":["x",""]}}"##));
        assert_eq!(json("<a><b>&lt;&foo;</a>").as_deref(), Ok(r#"{"a":{"b":"<&foo;"}}"#));
    }

    #[test]
    fn mistakes_carry_their_line() {
        assert_eq!(
            json("<a>\n<b>"),
            Err("xml.Decoder.Token() - XML syntax error on line 2: unexpected EOF".to_owned())
        );
        assert_eq!(json("no element"), Err("EOF".to_owned()));
        assert!(json(&"<a>".repeat(100_000)).is_err(), "nested too deeply");
    }

    #[test]
    fn documents_are_written_with_and_without_lines() {
        let value =
            Value::from_json(br##"{"a":{"-b":1,"c":["x",{"d":null}],"#text":"t"}}"##).expect("a document");
        let Value::Object(object) = &value else { panic!("no object") };
        let written =
            |layout: Layout<'_>| String::from_utf8(write(object, layout).expect("written")).expect("text");
        assert_eq!(written(Layout::Dense), r#"<a b="1">t<c>x</c><c><d/></c></a>"#);
        assert_eq!(written(Layout::Lines("  ")), "<a b=\"1\">t\n  <c>x</c>\n  <c>\n    <d/>\n  </c>\n</a>");
    }
}
