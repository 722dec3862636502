use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::url::{self, Url};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_url",
    "Parsing",
    "The parts of a URL: scheme, opaque, user (with a name and perhaps a password), host, path, raw_path, raw_query, \
     fragment and raw_fragment.",
    body,
)
.examples(&[
    Example::new(
        "",
        "root = this.parse_url()",
        &[(
            r#""https://example.com/a%20b?c=d#e""#,
            r#"{"fragment":"e","host":"example.com","opaque":"","path":"/a b","raw_fragment":"","raw_path":"","raw_query":"c=d","scheme":"https"}"#,
        )],
    ),
    Example::new("", "root = this.parse_url().user", &[(r#""amqp://foo:bar@127.0.0.1:5672/""#, r#"{"name":"foo","password":"bar"}"#)]),
]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let parsed = url::parse(&expect::content(&target)?).map_err(Failure::new)?;
    let Url { scheme, opaque, user, host, path, raw_path, raw_query, fragment, raw_fragment } = parsed;
    let mut entries = vec![
        (Text::fixed("scheme"), expect::string(scheme)),
        (Text::fixed("opaque"), expect::string(opaque)),
        (Text::fixed("host"), expect::string(host)),
        (Text::fixed("path"), expect::string(path)),
        (Text::fixed("raw_path"), expect::string(raw_path)),
        (Text::fixed("raw_query"), expect::string(raw_query)),
        (Text::fixed("fragment"), expect::string(fragment)),
        (Text::fixed("raw_fragment"), expect::string(raw_fragment)),
    ];
    if let Some((name, password)) = user {
        let mut user = vec![(Text::fixed("name"), expect::string(name))];
        user.extend(password.map(|password| (Text::fixed("password"), expect::string(password))));
        entries.push((Text::fixed("user"), Value::Object(Object::from(user))));
    }
    Ok(Value::Object(Object::from(entries)))
}
