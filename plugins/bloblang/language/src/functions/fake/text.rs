//! Words, money and numbers to call.

use super::{Dice, lists};

/// Kinds of cards: the name, the number of digits, and how numbers start.
const CARDS: &[(&str, usize, &[&str])] = &[
    ("VISA", 16, &["4539", "4556", "4916", "4532", "4929", "40240071", "4485", "4716", "4"]),
    ("MasterCard", 16, &["51", "52", "53", "54", "55"]),
    ("American Express", 15, &["34", "37"]),
    ("Discover", 16, &["6011"]),
    ("JCB", 16, &["3528", "3538", "3548", "3558", "3568", "3578", "3588"]),
    ("Diners Club", 14, &["36", "38", "39"]),
];

pub(super) fn make(dice: Dice<'_>, kind: &str) -> Option<String> {
    let digits = |first: usize, count: usize| -> String {
        dice.shuffled(first, count).iter().map(ToString::to_string).collect()
    };
    Some(match kind {
        "" => dice.letters(25),
        "word" => dice.one(lists::WORDS).to_owned(),
        "sentence" => sentence(dice),
        "paragraph" => {
            let sentences: Vec<String> = (0..=dice.below(10)).map(|_| sentence(dice)).collect();
            sentences.join(" ")
        }
        "cc_type" => dice.one(CARDS).0.to_owned(),
        "cc_number" => {
            let (_, length, starts) = dice.one(CARDS);
            let start = dice.one(starts);
            format!("{start}{}", dice.digits(length.saturating_sub(start.len())))
        }
        "currency" => dice.one(lists::CURRENCIES).to_owned(),
        "amount_with_currency" => {
            let unit = dice.one(&[10_u32, 100]);
            let most = 10_usize.pow(u32::try_from(dice.below(8)).unwrap_or(0)) * unit as usize;
            let units = u32::try_from(dice.below(most.max(1))).unwrap_or(0);
            format!("{} {:.6}", dice.one(lists::CURRENCIES), f64::from(units) / f64::from(unit))
        }
        "phone_number" => {
            let digits = digits(0, 10);
            let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
            format!("{}-{}-{}", part(0, 3), part(3, 6), part(6, 10))
        }
        "toll_free_phone_number" => {
            let digits = digits(1, 9);
            let (first, rest) = digits.split_at_checked(3).unwrap_or_default();
            format!("({}) {first}-{rest}", dice.one(&["777", "888"]))
        }
        "e164_phone_number" => format!("+{}{}", dice.one(&["7", "8"]), digits(0, 10)),
        _ => return None,
    })
}

/// Six words.
fn sentence(dice: Dice<'_>) -> String {
    let order = dice.shuffled(0, lists::WORDS.len());
    let words: Vec<&str> = order.iter().take(6).filter_map(|at| lists::WORDS.get(*at).copied()).collect();
    let text = words.join(" ");
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).chain(['.']).collect()
}
