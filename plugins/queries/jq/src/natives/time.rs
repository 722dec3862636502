//! Times: seconds since 1970, and the lists of eight numbers that they are taken apart into.

use forebay_bloblang::{Civil, Parts, Timestamp, Zone, strftime, strptime};

use super::{Native, Tools, first};
use crate::error::{Error, Result};
use crate::number::{float_to_int, wide};
use crate::value::Value;

pub(crate) const NATIVES: &[Native] = &[
    Native::new("now", 0, |tools, _, _| {
        let (seconds, nanoseconds) = tools.world.now();
        Ok(Value::Float(wide(seconds) + f64::from(nanoseconds) / 1e9))
    }),
    Native::new("gmtime", 0, |_, input, _| apart("gmtime", input, Zone::Utc)),
    Native::new("localtime", 0, |tools, input, _| apart("localtime", input, local(tools))),
    Native::new("mktime", 0, |_, input, _| {
        let Value::Array(parts) = input else { return Err(Error::type0("mktime", input)) };
        let at = together(parts.items(), Zone::Utc).map_err(|error| error.within("mktime", input, &[]))?;
        Ok(Value::Float(wide(at.seconds) + f64::from(at.nanoseconds) / 1e9))
    }),
    Native::new("strftime", 1, |_, input, arguments| shown("strftime", input, first(arguments), Zone::Utc)),
    Native::new("strflocaltime", 1, |tools, input, arguments| {
        let zone = local(tools);
        shown("strflocaltime", input, first(arguments), zone)
    }),
    Native::new("strptime", 1, |_, input, arguments| {
        let format = first(arguments);
        let (Value::Text(text), Value::Text(layout)) = (input, format) else {
            return Err(Error::typed("strptime", input, &[format]));
        };
        let at = strptime::parse(text, layout)
            .map_err(|reason| Error::new(reason).within("strptime", input, &[format]))?;
        Ok(parts(wide(at.seconds) + f64::from(at.nanoseconds) / 1e9, Zone::Utc))
    }),
];

/// The zone of whoever runs the program.
fn local(tools: &mut Tools<'_>) -> Zone {
    tools.world.zone().and_then(|name| Zone::load(&name).ok()).unwrap_or(Zone::Utc)
}

fn apart(name: &str, value: &Value, zone: Zone) -> Result<Value> {
    let seconds = value.as_float().ok_or_else(|| Error::type0(name, value))?;
    Ok(parts(seconds, zone))
}

/// Year, month from 0, day, hour, minute, seconds, day of the week from Sunday, day of the year from 0.
fn parts(seconds: f64, zone: Zone) -> Value {
    // Fractions count forward, whole seconds are cut towards 1970, as in gojq.
    let nanoseconds = float_to_int((seconds - seconds.floor()) * 1e9);
    let nanoseconds = u32::try_from(nanoseconds).unwrap_or(0);
    let at = Timestamp::new(float_to_int(seconds), nanoseconds, zone);
    let civil = Civil::of(&at);
    Value::array(vec![
        Value::Int(civil.year),
        Value::Int(civil.month - 1),
        Value::Int(civil.day),
        Value::Int(civil.hour),
        Value::Int(civil.minute),
        Value::Float(wide(civil.second) + f64::from(at.nanoseconds) / 1e9),
        Value::Int(civil.weekday),
        Value::Int(civil.day_of_year - 1),
    ])
}

fn together(parts: &[Value], zone: Zone) -> Result<Timestamp> {
    let refused = || Error::new("expected an array of 8 numbers");
    let [year, month, day, hour, minute, seconds, weekday, day_of_year] = parts else {
        return Err(refused());
    };
    let whole = |value: &Value| value.as_int().ok_or_else(refused);
    let seconds = seconds.as_float().ok_or_else(refused)?;
    let nanosecond = u32::try_from(float_to_int((seconds - seconds.floor()) * 1e9)).unwrap_or(0);
    let parts = Parts {
        year: whole(year)?,
        month: whole(month)?.saturating_add(1),
        day: whole(day)?,
        hour: whole(hour)?,
        minute: whole(minute)?,
        second: float_to_int(seconds),
        nanosecond,
    };
    whole(weekday)?;
    whole(day_of_year)?;
    Ok(parts.at(zone))
}

fn shown(name: &str, value: &Value, format: &Value, zone: Zone) -> Result<Value> {
    let list = match value.as_float() {
        Some(seconds) => parts(seconds, zone),
        None => value.clone(),
    };
    let (Value::Array(list), Value::Text(layout)) = (&list, format) else {
        // What was a number is shown as the list that it became.
        return Err(Error::typed(name, &list, &[format]));
    };
    let at = together(list.items(), zone)
        .map_err(|error| error.within(name, &Value::Array(list.clone()), &[format]))?;
    Ok(Value::bytes(&strftime::format(&at, layout)))
}
