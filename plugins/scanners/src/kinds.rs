use crate::avro::Avro;
use crate::chunker::Chunker;
use crate::csv::Csv;
use crate::decompress::Decompress;
use crate::json_documents::JsonDocuments;
use crate::lines::Lines;
use crate::plan::{Entry, entry};
use crate::re_match::ReMatch;
use crate::skip_bom::SkipBom;
use crate::switch::Switch;
use crate::tar::Tar;
use crate::to_the_end::ToTheEnd;

/// The scanners that may stand inside of others: all of this plugin.
pub(crate) const KINDS: &[Entry] = &[
    entry::<Avro>(),
    entry::<Chunker>(),
    entry::<Csv>(),
    entry::<Decompress>(),
    entry::<JsonDocuments>(),
    entry::<Lines>(),
    entry::<ReMatch>(),
    entry::<SkipBom>(),
    entry::<Switch>(),
    entry::<Tar>(),
    entry::<ToTheEnd>(),
];
