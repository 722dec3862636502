//! Tags taken out of HTML, except those that are wanted.

use super::escape;
use super::tokens::{Token, Tokens};

/// Elements whose content is never shown, and goes with their tags.
const HIDDEN: [&str; 11] = [
    "frame", "frameset", "iframe", "noembed", "noframes", "noscript", "nostyle", "object", "script", "style",
    "title",
];

/// Elements that make sense without attributes, in the order of their names. Since all attributes are taken out, no
/// others can be kept.
const BARE: [&str; 90] = [
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "bdi",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "ins",
    "kbd",
    "li",
    "mark",
    "marquee",
    "nav",
    "ol",
    "optgroup",
    "option",
    "p",
    "picture",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Which elements stay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    preserved: Vec<Vec<u8>>,
}

impl Policy {
    pub(crate) fn preserve(&mut self, name: &str) {
        self.preserved.push(name.to_lowercase().into_bytes());
    }

    fn keeps(&self, name: &[u8]) -> bool {
        self.preserved.iter().any(|kept| kept == name)
    }
}

/// The text without tags.
pub(crate) fn strip(text: &[u8], policy: &Policy) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut hidden: i64 = 0;
    let mut skipping = false;
    // End tags to leave out, since their start tags were.
    let mut dropped: Vec<Vec<u8>> = Vec::new();
    let mut started: Vec<u8> = Vec::new();
    for token in Tokens::new(text) {
        match token {
            Token::Other => {}
            Token::Text(text) => {
                if !skipping && started != b"script" && started != b"style" {
                    shown(&text, &mut out);
                }
            }
            Token::Start(name) => {
                started.clone_from(&name);
                if is_code(&name) {
                    continue;
                }
                if !policy.keeps(&name) {
                    if in_list(&HIDDEN, &name) {
                        skipping = true;
                        hidden += 1;
                    }
                } else if !in_list(&BARE, &name) {
                    dropped.push(name);
                } else if !skipping {
                    tag(b"<", &name, b">", &mut out);
                }
            }
            Token::SelfClosing(name) => {
                if !is_code(&name) && policy.keeps(&name) && in_list(&BARE, &name) && !skipping {
                    tag(b"<", &name, b"/>", &mut out);
                }
            }
            Token::End(name) => {
                if started == name {
                    started.clear();
                }
                if is_code(&name) {
                    continue;
                }
                if dropped.last() == Some(&name) {
                    dropped.pop();
                } else if policy.keeps(&name) {
                    if !skipping {
                        tag(b"</", &name, b">", &mut out);
                    }
                } else if in_list(&HIDDEN, &name) {
                    hidden -= 1;
                    skipping = skipping && hidden != 0;
                }
            }
        }
    }
    out
}

fn is_code(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style")
}

fn in_list(list: &[&str], name: &[u8]) -> bool {
    list.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

fn tag(before: &[u8], name: &[u8], after: &[u8], out: &mut Vec<u8>) {
    for part in [before, name, after] {
        out.extend_from_slice(part);
    }
}

fn shown(text: &[u8], out: &mut Vec<u8>) {
    // Line ends are already plain, so a carriage return came from an entity.
    for (index, part) in text.split(|byte| *byte == b'\r').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"&#13;");
        }
        out.extend_from_slice(&escape(part));
    }
}
