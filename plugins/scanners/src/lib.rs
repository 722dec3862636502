//! Scanners: they cut streams of bytes into messages, and may stand inside of each other.

mod avro;
mod chunker;
mod codec;
mod csv;
mod cutter;
mod cutting;
mod decompress;
mod json_documents;
mod kinds;
mod lines;
mod multipart;
mod out;
mod plan;
mod re_match;
mod skip_bom;
mod source;
mod switch;
mod tar;
#[cfg(test)]
mod testing;
mod to_the_end;

use plan::Component;

forebay_sdk::plugin! {
    name: "scanners",
    summary: "Cuts streams of bytes into messages.",
    scanners: [
        Component<avro::Avro>,
        Component<chunker::Chunker>,
        Component<codec::Codec>,
        Component<csv::Csv>,
        Component<decompress::Decompress>,
        Component<json_documents::JsonDocuments>,
        Component<lines::Lines>,
        Component<re_match::ReMatch>,
        Component<skip_bom::SkipBom>,
        Component<switch::Switch>,
        Component<tar::Tar>,
        Component<to_the_end::ToTheEnd>,
    ],
}
