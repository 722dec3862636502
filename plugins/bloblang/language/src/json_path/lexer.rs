//! The tokens of an expression, which are those of Go.

use crate::value::Text;

/// A token and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(f64),
    Text(Text),
    /// One character, or several that make an operator.
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 35] = [
    "**", "==", "!=", "<=", ">=", "=~", "!~", "&&", "||", "??", "<<", ">>", "..", "$", "@", ".", "[", "]",
    "(", ")", "{", "}", ",", ":", "?", "*", "+", "-", "/", "%", "!", "<", ">", "&", "|",
];

pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, String> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        if matches!(first, ' ' | '\t' | '\n' | '\r') {
            at += 1;
            continue;
        }
        let (token, length) = if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Name(rest.get(..end).unwrap_or_default().to_owned()), end)
        } else if first.is_ascii_digit() {
            number(rest)?
        } else if matches!(first, '"' | '\'' | '`') {
            quoted(rest, first)?
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("unexpected {first:?} while scanning operator"))?;
            (Token::Sign(sign), sign.len())
        };
        tokens.push((token, at));
        at += length;
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(0);
    // Two points are a descent, not a fraction.
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let count = digits(end + 1 + sign);
        if count > 0 {
            end += 1 + sign + count;
        }
    }
    let shown = text.get(..end).unwrap_or_default();
    let value = shown.parse().map_err(|_| format!("could not parse number {shown}"))?;
    Ok((Token::Number(value), end))
}

fn quoted(text: &str, quote: char) -> Result<(Token, usize), String> {
    let mut out = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Ok((Token::Text(Text::from(out)), at + 1));
        }
        if character != '\\' || quote == '`' {
            out.push(character);
            continue;
        }
        let Some((_, escape)) = characters.next() else { break };
        out.push(match escape {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'u' => {
                let digits: String = (0..4).filter_map(|_| characters.next().map(|(_, c)| c)).collect();
                u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
            }
            other => other,
        });
    }
    Err("could not parse string: literal not terminated".to_owned())
}
