//! WIT of a request: one package at the top, and one in each folder of `deps`.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use wit_bindgen_core::wit_parser::{Resolve, SourceMap, WorldId};

/// The only world of the package at the top; nothing where the request has no WIT.
pub(crate) fn world(files: &[(String, Vec<u8>)]) -> Result<Option<(Resolve, WorldId)>> {
    let mut main = SourceMap::default();
    let mut has_main = false;
    let mut others: BTreeMap<&str, SourceMap> = BTreeMap::new();
    for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".wit")) {
        let Ok(text) = std::str::from_utf8(content) else { bail!("{path} is no text") };
        match path.strip_prefix("deps/").and_then(|rest| rest.split_once('/')) {
            Some((package, _)) => others.entry(package).or_default().push_str(path, text),
            None => {
                main.push_str(path, text);
                has_main = true;
            }
        }
    }
    if !has_main {
        return Ok(None);
    }
    let mut resolve = Resolve::default();
    let parse = |map: SourceMap| map.parse().map_err(|(_, error)| anyhow::anyhow!("{error:?}"));
    let others = others.into_values().map(parse).collect::<Result<Vec<_>>>()?;
    let package = resolve.push_groups(parse(main)?, others).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let world = resolve.select_world(&[package], None)?;
    Ok(Some((resolve, world)))
}
