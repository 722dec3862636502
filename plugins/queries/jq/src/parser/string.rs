//! Strings and keys, and the constants of a header that nothing looks at.

use super::Parser;
use crate::lexer::{Lexed, StringPiece, Token};
use crate::syntax::{Interpolated, Key, Piece};

impl Parser<'_> {
    /// The rest of a string whose quote was taken.
    pub(super) fn string(&mut self) -> Lexed<Interpolated> {
        let mut pieces = Vec::new();
        loop {
            match self.lexer.piece()? {
                StringPiece::End => return Ok(Interpolated(pieces)),
                StringPiece::Text(text) => pieces.push(Piece::Text(text)),
                StringPiece::Query => {
                    pieces.push(Piece::Query(self.query()?));
                    self.expect(")")?;
                }
            }
        }
    }

    /// A string where none may stand, as errors show it.
    pub(super) fn literal(&mut self) -> Lexed<String> {
        match self.lexer.piece()? {
            StringPiece::Text(text) => Ok(crate::show::quoted(&text)),
            StringPiece::End => Ok("\"\"".to_owned()),
            StringPiece::Query => Ok("\"".to_owned()),
        }
    }

    /// A key of an object or a pattern, and whether it may stand without a value; a name may, of an `object`.
    pub(super) fn key(&mut self, object: bool) -> Lexed<(Key, bool)> {
        if self.accept("(")? {
            let query = self.query()?;
            self.expect(")")?;
            return Ok((Key::Query(query), false));
        }
        match self.peek()?.clone() {
            Token::Variable(name) => {
                self.next = None;
                Ok((Key::Name(name), true))
            }
            Token::Word(name) | Token::Keyword(name) => {
                self.next = None;
                Ok((Key::Name(name), object))
            }
            Token::Quote => {
                self.next = None;
                Ok((Key::Text(self.string()?), object))
            }
            _ => self.unexpected(),
        }
    }

    /// A constant of a header.
    pub(super) fn constant(&mut self) -> Lexed<()> {
        self.nested(|parser| {
            if parser.accept("{")? {
                while !parser.accept("}")? {
                    parser.key(true)?;
                    parser.expect(":")?;
                    parser.constant()?;
                    if !parser.is_sign("}")? {
                        parser.expect(",")?;
                    }
                }
                return Ok(());
            }
            if parser.accept("[")? {
                while !parser.accept("]")? {
                    parser.constant()?;
                    if !parser.is_sign("]")? {
                        parser.expect(",")?;
                    }
                }
                return Ok(());
            }
            match parser.peek()?.clone() {
                Token::Number(_) => parser.next = None,
                Token::Keyword(word) if ["null", "true", "false"].contains(&word.as_str()) => {
                    parser.next = None;
                }
                Token::Quote => {
                    parser.next = None;
                    parser.string()?;
                }
                _ => return parser.unexpected(),
            }
            Ok(())
        })
    }
}
