//! Addresses, names and secrets of the internet.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Dice, lists};
use crate::functions::{random, uuid_v4};

pub(super) fn make(dice: Dice<'_>, kind: &str) -> Option<String> {
    Some(match kind {
        "email" => format!("{}@{}.{}", dice.letters(7), dice.letters(7), dice.one(lists::DOMAINS)),
        "mac_address" => hexadecimal(&random::bytes::<6>(dice.0)).join(":"),
        "domain_name" => domain(dice),
        "url" => url(dice),
        "username" => dice.letters(7),
        "ipv4" => Ipv4Addr::from(random::bytes::<4>(dice.0)).to_string(),
        "ipv6" => Ipv6Addr::from(random::bytes::<16>(dice.0)).to_string(),
        "password" => dice.letters(50),
        "jwt" => {
            let part = dice.letters(40);
            format!("{part}.{part}.{part}")
        }
        "uuid_hyphenated" => uuid(dice),
        "uuid_digit" => uuid(dice).replace('-', ""),
        _ => return None,
    })
}

fn hexadecimal(bytes: &[u8]) -> Vec<String> {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn domain(dice: Dice<'_>) -> String {
    format!("{}.{}", dice.letters(7).to_lowercase(), dice.one(lists::DOMAINS))
}

fn url(dice: Dice<'_>) -> String {
    let start = dice.one(&["http://", "https://", "http://www.", "https://www."]);
    let domain = domain(dice);
    match dice.below(3) {
        0 => format!("{start}{domain}/"),
        1 => format!("{start}{domain}/{}", dice.letters(7)),
        _ => format!("{start}{domain}/{}.{}", dice.letters(7), dice.one(lists::EXTENSIONS)),
    }
}

fn uuid(dice: Dice<'_>) -> String {
    let high = dice.0.random_u64() & !0xf000 | 0x4000;
    let low = dice.0.random_u64() & !(0b11 << 62) | 0b10 << 62;
    uuid_v4::hyphenated(high, low)
}
