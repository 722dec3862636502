//! People and what they are called.

use super::{Dice, lists};

pub(super) fn make(dice: Dice<'_>, kind: &str) -> Option<String> {
    let chosen = match kind {
        "title_male" => dice.one(lists::TITLES_OF_MEN),
        "title_female" => dice.one(lists::TITLES_OF_WOMEN),
        "first_name" if dice.below(2) == 0 => dice.one(lists::NAMES_OF_MEN),
        "first_name" | "first_name_female" => dice.one(lists::NAMES_OF_WOMEN),
        "first_name_male" => dice.one(lists::NAMES_OF_MEN),
        "last_name" => dice.one(lists::FAMILIES),
        "gender" => dice.one(&["Male", "Female", "Prefer to skip"]),
        "name" => {
            let (titles, names) = match dice.below(2) {
                0 => (lists::TITLES_OF_MEN, lists::NAMES_OF_MEN),
                _ => (lists::TITLES_OF_WOMEN, lists::NAMES_OF_WOMEN),
            };
            return Some(format!("{} {} {}", dice.one(titles), dice.one(names), dice.one(lists::FAMILIES)));
        }
        // What the library calls a first name is the family's, which comes first.
        "chinese_first_name" => dice.one(lists::CHINESE_FAMILIES),
        "chinese_last_name" => dice.one(lists::CHINESE_NAMES),
        "chinese_name" => {
            return Some(format!("{}{}", dice.one(lists::CHINESE_FAMILIES), dice.one(lists::CHINESE_NAMES)));
        }
        _ => return None,
    };
    Some(chosen.to_owned())
}
