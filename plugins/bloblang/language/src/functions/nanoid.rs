use super::random;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

const ALPHABET: &str = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LENGTH_MISSING: &str = "field length must be specified when an alphabet is specified";
const LONGEST: usize = 1_000_000;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "nanoid",
    "General",
    "A new Nano ID: 21 random characters, or as many as asked for, of an alphabet if one is given.",
    body,
)
.params(&[
    ParamSpec::new("length", ParamKind::Integer).optional(),
    ParamSpec::new("alphabet", ParamKind::Text).optional(),
])
.checked(check)
.examples(&[
    Example::new("", r#"root = nanoid(5, "a")"#, &[(r#"{}"#, r#"aaaaa"#)]),
    Example::new("", r#"root = [nanoid().length(), nanoid(54).length()]"#, &[(r#"{}"#, r#"[21,54]"#)]),
]);

fn body(call: &Call<'_>) -> Evaluated {
    let (length, alphabet) = (call.optional_integer(0)?, call.optional_text(1)?);
    let Some(alphabet) = alphabet else {
        let length = length.unwrap_or(21);
        let length = usize::try_from(length).map_err(|_| Failure::new("negative id length"))?;
        return pick(call, ALPHABET, length);
    };
    let Some(length) = length else { return Err(Failure::new(LENGTH_MISSING)) };
    let characters = alphabet.chars().count();
    if characters == 0 || characters > 255 {
        return Err(Failure::new("alphabet must not be empty and contain no more than 255 chars"));
    }
    let length = usize::try_from(length).ok().filter(|length| *length > 0);
    pick(call, &alphabet, length.ok_or_else(|| Failure::new("size must be positive integer"))?)
}

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [None, Some(Value::String(_))] => Err(LENGTH_MISSING.to_owned()),
        _ => Ok(()),
    }
}

fn pick(call: &Call<'_>, alphabet: &str, length: usize) -> Evaluated {
    if length > LONGEST {
        return Err(Failure::new(format!("an identifier of {length} characters is too long")));
    }
    let characters: Vec<char> = alphabet.chars().collect();
    let outside = call.frame.run.outside;
    let pick = |_| characters.get(random::below(outside, characters.len()));
    Ok(Value::from((0..length).filter_map(pick).collect::<String>()))
}
