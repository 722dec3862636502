//! MessagePack.

mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

/// The extension that is a timestamp.
const TIMESTAMP: i8 = -1;

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::Value;
    use crate::time::Zone;

    fn round(json: &str) -> String {
        let value = Value::from_json(json.as_bytes()).expect("a document");
        let mut bytes = Vec::new();
        write(&value, &mut bytes);
        let mut out = Vec::new();
        read(&bytes, Zone::Utc).expect("what was written").write_json(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn what_is_written_is_read_again() {
        let long = format!("[\"{}\",{}]", "x".repeat(70_000), vec!["1"; 70_000].join(","));
        for json in [
            "null",
            "[true,false,0,127,128,-1,-32,-33,-129,65536,-70000,4294967296,-4294967297]",
            r#"{"a":{"b":[1.5,"text",{}]},"c":""}"#,
            long.as_str(),
        ] {
            assert_eq!(round(json), json);
        }
    }

    #[test]
    fn what_is_no_message_pack_is_an_error() {
        let error = |bytes: &[u8]| read(bytes, Zone::Utc).expect_err("broken");
        assert_eq!(error(&[]), "EOF");
        assert_eq!(error(&[0xa3, b'f']), "unexpected EOF");
        assert_eq!(error(&[0xc1]), "msgpack: unknown code c1 decoding interface{}");
        assert_eq!(error(&[0x81, 5, 5]), "msgpack: invalid code=5 decoding string/bytes length");
        assert!(error(&vec![0x91; 100_000]).contains("nest"));
        assert_eq!(error(&[0xdd, 0xff, 0xff, 0xff, 0xff]), "EOF");
    }
}
