//! Which grants the imports of a plugin may need.

use forebay_plugins_runtime::Import;

/// The lines of an entry in a grants file, with a place to fill in for everything.
pub(super) fn needed(imports: &[Import]) -> Vec<String> {
    imports.iter().filter_map(of).collect()
}

fn of(import: &Import) -> Option<String> {
    let package = import.interface.strip_prefix("forebay:")?.split('/').next()?;
    let takes = |names: &[&str]| {
        let is_named = |function: &String| {
            let name = function.split_once(']').map_or(function.as_str(), |(_, name)| name);
            names.contains(&name)
        };
        import.functions.iter().any(is_named)
    };
    match package {
        // `write` includes reading.
        "files" if takes(&["append-to", "replace", "remove"]) => {
            Some("files: [{path: FOLDER, access: write}]".to_owned())
        }
        "files" if takes(&["find", "open"]) => Some("files: [{path: FOLDER, access: read}]".to_owned()),
        "environment" if takes(&["get"]) => Some("variables: [NAME]".to_owned()),
        // What nobody needs to grant.
        "plugin" | "log" | "metrics" | "environment" | "expressions" | "files" | "state" | "caches" => None,
        other => Some(format!("{other}: ...    # see wit/{other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(interface: &str, functions: &[&str]) -> Vec<String> {
        let functions = functions.iter().map(|name| (*name).to_owned()).collect();
        needed(&[Import { interface: interface.to_owned(), functions }])
    }

    #[test]
    fn a_capability_needs_a_grant_for_what_is_taken_of_it() {
        assert_eq!(lines("forebay:files/files@0.1.0", &["open"]), ["files: [{path: FOLDER, access: read}]"]);
        let writing = ["[method]appender.append", "append-to", "open"];
        assert_eq!(lines("forebay:files/files@0.1.0", &writing), ["files: [{path: FOLDER, access: write}]"]);
        assert_eq!(lines("forebay:environment/environment@0.1.0", &["get"]), ["variables: [NAME]"]);
    }

    #[test]
    fn what_reaches_nothing_needs_none() {
        assert!(lines("forebay:environment/environment@0.1.0", &["now"]).is_empty());
        assert!(lines("forebay:log/log@0.1.0", &["write"]).is_empty());
        assert!(lines("wasi:io/poll@0.2.6", &["poll"]).is_empty());
    }
}
