//! The order of keys: numbers inside of them count as numbers.

use std::cmp::Ordering;

/// Whether `left` comes before `right`.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    if less(&left.chars().collect::<Vec<_>>(), &right.chars().collect::<Vec<_>>()) {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

fn less(left: &[char], right: &[char]) -> bool {
    let mut digits = false;
    for (at, (a, b)) in left.iter().zip(right).enumerate() {
        if a == b {
            digits = a.is_numeric();
            continue;
        }
        match (a.is_alphabetic(), b.is_alphabetic()) {
            (true, true) => return a < b,
            (false, false) => {}
            // A letter ends a number, and otherwise comes after everything else.
            (a_letter, b_letter) => return if digits { a_letter } else { b_letter },
        }
        let zeros_count = (*a == '0' || *b == '0')
            && left
                .get(..at)
                .unwrap_or_default()
                .iter()
                .rev()
                .take_while(|c| c.is_ascii_digit())
                .any(|c| *c != '0');
        let start = i64::from(zeros_count);
        let (a_number, a_end) = number(start, left, at);
        let (b_number, b_end) = number(start, right, at);
        if a_number != b_number {
            return a_number < b_number;
        }
        if a_end != b_end {
            return a_end < b_end;
        }
        return a < b;
    }
    left.len() < right.len()
}

fn number(start: i64, text: &[char], from: usize) -> (i64, usize) {
    let mut number = start;
    let mut at = from;
    while let Some(digit) = text.get(at).and_then(|character| character.to_digit(10)) {
        number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
        at += 1;
    }
    (number, at)
}
