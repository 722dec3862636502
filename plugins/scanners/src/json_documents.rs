use forebay_json::Documents;
use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem};

use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};

/// Every JSON document of the stream is a message.
///
/// Documents may be separated by white space, or by nothing where that is clear. They are written anew: without
/// white space, with sorted keys, and with numbers as 64-bit floats.
#[derive(Config)]
pub(crate) struct JsonDocumentsConfig {}

pub(crate) struct JsonDocuments;

impl Kind for JsonDocuments {
    const NAME: &'static str = "json_documents";

    type Config = JsonDocumentsConfig;

    fn plan(JsonDocumentsConfig {}: JsonDocumentsConfig, _: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        Ok(Box::new(Leaf(Documents::new)))
    }
}

impl Cut for Documents {
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error> {
        let mut left = bytes;
        while !out.is_full() && self.next(&mut left, out.payload())? {
            out.end();
        }
        Ok(bytes.len() - left.len())
    }

    fn finish(&mut self, out: &mut Out) -> Result<bool, Error> {
        if Self::finish(self, out.payload())? {
            out.end();
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::cut;

    #[test]
    fn documents_are_messages() {
        let messages = cut(&json!({"json_documents": {}}), b" {\"b\":1,\n \"a\":[ 2.50 ]}\n[]\"x\" 12 ");
        assert_eq!(messages.texts(), [r#"{"a":[2.5],"b":1}"#, "[]", "\"x\"", "12"]);
        assert!(cut(&json!({"json_documents": {}}), b" \n").texts().is_empty());
    }

    #[test]
    fn documents_before_a_mistake_are_returned() {
        let messages = cut(&json!({"json_documents": {}}), b"{} {\"a\" 1}");
        assert_eq!(messages.all(), ["{}"]);
        assert_eq!(messages.error.as_deref(), Some("invalid character '1' after object key"));
        let messages = cut(&json!({"json_documents": {}}), b"1 [");
        assert_eq!(
            (messages.all(), messages.error.as_deref()),
            (vec!["1".to_owned()], Some("unexpected EOF"))
        );
    }
}
