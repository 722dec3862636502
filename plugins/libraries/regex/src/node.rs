//! Parts of an expression under construction.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Repetition};

/// A part, and what its size says about the expressions that may contain it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) hir: Hir,
    /// How deep it nests.
    pub(super) height: u16,
    /// How often its innermost part is repeated by counted repetitions.
    pub(super) copies: u32,
}

impl Node {
    pub(super) fn leaf(hir: Hir) -> Self {
        Self { hir, height: 1, copies: 1 }
    }

    pub(super) fn class(class: ClassUnicode) -> Self {
        Self::leaf(Hir::class(Class::Unicode(class)))
    }

    pub(super) fn literal(character: char, fold: bool) -> Self {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
        if fold && class.try_case_fold_simple().is_ok() {
            return Self::class(class);
        }
        let mut utf8 = [0; 4];
        Self::leaf(Hir::literal(character.encode_utf8(&mut utf8).as_bytes()))
    }

    pub(super) fn repeated(self, min: u32, max: Option<u32>, greedy: bool, counted: bool) -> Self {
        let factor = match (counted, max) {
            (true, Some(max)) => max,
            (true, None) => min.max(1),
            (false, _) => 1,
        };
        Self {
            hir: Hir::repetition(Repetition { min, max, greedy, sub: Box::new(self.hir) }),
            height: self.height.saturating_add(1),
            copies: self.copies.saturating_mul(factor),
        }
    }

    /// A node around others.
    pub(super) fn around(nodes: Vec<Self>, join: impl FnOnce(Vec<Hir>) -> Hir) -> Self {
        let height = nodes.iter().map(|node| node.height).max().unwrap_or(0).saturating_add(1);
        let copies = nodes.iter().map(|node| node.copies).max().unwrap_or(1);
        Self { hir: join(nodes.into_iter().map(|node| node.hir).collect()), height, copies }
    }
}
