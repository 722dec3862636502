//! What clients ask for in their client ids: `orders,ws_az=us-east-1a,warpstream_proxy_target=proxy-consume`. Kafka's
//! protocol has no other place that every client lets its user fill in.
//!
//! Programs put more text behind a client id, as `-StreamThread-1-consumer`, which then stands behind the last value:
//! what matters is how a value begins.

/// What of a client id is read at most: no reasonable one is longer.
const READ: usize = 1_024;
/// The longest name of a host.
const LONGEST_HOST: usize = 253;

/// Which half of the brokers' work a client is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Produce,
    Consume,
}

/// What stands in a client id. What is not understood is left out, as everything is that other programs have there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ClientFeatures<'a> {
    pub zone: Option<Value<'a>>,
    pub target: Option<Target>,
    pub group: Option<Value<'a>>,
    /// The host that this client is told of any agent.
    pub host: Option<&'a str>,
}

/// A name, perhaps with something behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a>(&'a str);

impl Value<'_> {
    /// Whether it is this name.
    pub(crate) fn is(self, name: &str) -> bool {
        begins_with(self.0, name)
    }

    /// Which of these names it is: the longest of those that it begins with.
    pub(crate) fn among<'n>(self, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        names.filter(|name| self.is(name)).max_by_key(|name| name.len())
    }
}

fn begins_with(value: &str, name: &str) -> bool {
    value.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl<'a> ClientFeatures<'a> {
    /// Reads a client id. Where a feature stands twice, the first one holds.
    pub(crate) fn of(client_id: &'a str) -> Self {
        let end = client_id.floor_char_boundary(READ);
        let mut features = Self::default();
        for (key, value) in client_id[..end].split(',').filter_map(|part| part.split_once('=')) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match key.trim() {
                "warpstream_az" | "ws_az" => features.zone = features.zone.or(Some(Value(value))),
                "warpstream_agent_group" | "ws_ag" => features.group = features.group.or(Some(Value(value))),
                "warpstream_proxy_target" | "ws_proxy_target" => {
                    features.target = features.target.or_else(|| target(value));
                }
                "warpstream_host_override" | "ws_host_override" => {
                    features.host = features.host.or_else(|| host(value));
                }
                _ => {}
            }
        }
        features
    }
}

fn target(value: &str) -> Option<Target> {
    if begins_with(value, "proxy-produce") {
        Some(Target::Produce)
    } else if begins_with(value, "proxy-consume") {
        Some(Target::Consume)
    } else {
        None
    }
}

fn host(value: &str) -> Option<&str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'_');
    (value.len() <= LONGEST_HOST && value.bytes().all(is_allowed)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_stand_among_anything() {
        let all = "orders,ws_az=us-east-1a,other=1,warpstream_proxy_target=proxy-consume,ws_ag=blue,=,x";
        let features = ClientFeatures::of(all);
        assert!(features.zone.unwrap().is("us-east-1a") && features.group.unwrap().is("blue"));
        assert_eq!(features.target, Some(Target::Consume));
        for nothing in ["", "orders", ",,", "=", "ws_az", "ws_az=", "ws_az= ,ws_ag=", "a=b=c", "WS_AZ=x"] {
            assert_eq!(ClientFeatures::of(nothing), ClientFeatures::default(), "{nothing}");
        }
    }

    #[test]
    fn all_spellings_are_understood() {
        for id in ["warpstream_az=z", "ws_az=z", " ws_az = z ", "a,ws_az=,ws_az=z", "ws_az=z,ws_az=y"] {
            assert_eq!(ClientFeatures::of(id).zone, Some(Value("z")), "{id}");
        }
        for (id, target) in [
            ("warpstream_proxy_target=proxy-produce", Some(Target::Produce)),
            ("ws_proxy_target=proxy-consume-7", Some(Target::Consume)),
            ("ws_proxy_target=proxy-consumer", None),
            ("ws_proxy_target=proxy", None),
            ("ws_proxy_target=?,warpstream_proxy_target=proxy-produce", Some(Target::Produce)),
        ] {
            assert_eq!(ClientFeatures::of(id).target, target, "{id}");
        }
        assert_eq!(ClientFeatures::of("warpstream_agent_group=g").group, Some(Value("g")));
        assert_eq!(ClientFeatures::of("ws_host_override=lb.example").host, Some("lb.example"));
        assert_eq!(ClientFeatures::of("ws_host_override=a b").host, None);
    }

    #[test]
    fn what_programs_append_is_no_part_of_a_value() {
        let id = "app,ws_az=us-east-1a-StreamThread-1-consumer";
        let zone = ClientFeatures::of(id).zone.unwrap();
        let zones = ["us-east-1", "us-east-1a", "us-east-1ab", "us-east-1b"];
        assert_eq!(zone.among(zones.into_iter()), Some("us-east-1a"));
        assert_eq!(zone.among(["eu"].into_iter()), None);
    }

    #[test]
    fn a_long_client_id_is_cut_between_characters() {
        let id = format!("{},ws_az=z", "\u{20ac}".repeat(400));
        assert_eq!(ClientFeatures::of(&id).zone, None);
    }
}
