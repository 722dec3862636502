use std::collections::BTreeMap;

use forebay_sdk::config::Secret;
use forebay_sdk::http::Text;

/// A value of a form.
pub(super) enum FormValue {
    Plain(String),
    Secret(Secret),
}

/// A form as the body of a request.
pub(super) fn encode(form: &BTreeMap<String, Vec<FormValue>>) -> Text {
    let mut text = Text::default();
    let mut separator = "";
    for (name, values) in form {
        for value in values {
            text = text.text(format!("{separator}{}=", escaped(name)));
            text = match value {
                FormValue::Plain(value) => text.text(escaped(value)),
                FormValue::Secret(secret) => text.encoded_secret(secret),
            };
            separator = "&";
        }
    }
    text
}

/// As forms write it: a space is a plus.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The value of a name in a form.
pub(super) fn value<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&')
        .find_map(|pair| pair.split_once('=').filter(|(known, _)| *known == name))
        .map(|(_, value)| value)
}
