//! The derive macro of the SDK for Forebay plugins: `#[derive(Config)]`.
//!
//! It is documented where it is used, in the module `config` of `forebay-sdk`.

mod attributes;
mod derive;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a configuration of a struct: its description, and how it is read.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
