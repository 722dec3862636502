use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Token};

/// What `#[config(..)]` and doc comments say of a field.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) docs: String,
    pub(crate) rename: Option<LitStr>,
    pub(crate) default: Option<TokenStream>,
    pub(crate) options: Vec<LitStr>,
    pub(crate) examples: Vec<TokenStream>,
    pub(crate) mapping: Option<LitStr>,
    pub(crate) form: Option<LitStr>,
    pub(crate) advanced: bool,
    pub(crate) deprecated: bool,
    pub(crate) flatten: bool,
}

enum Item {
    Rename(LitStr),
    Default(TokenStream),
    Options(Vec<LitStr>),
    Example(TokenStream),
    Mapping(LitStr),
    Form(LitStr),
    Advanced,
    Deprecated,
    Flatten,
}

impl Attributes {
    pub(crate) fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut all = Self { docs: docs(attributes), ..Self::default() };
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("config")) {
            for item in attribute.parse_args_with(Punctuated::<Item, Token![,]>::parse_terminated)? {
                match item {
                    Item::Rename(name) => all.rename = Some(name),
                    Item::Default(value) => all.default = Some(value),
                    Item::Options(options) => all.options = options,
                    Item::Example(value) => all.examples.push(value),
                    Item::Mapping(language) => all.mapping = Some(language),
                    Item::Form(form) => all.form = Some(form),
                    Item::Advanced => all.advanced = true,
                    Item::Deprecated => all.deprecated = true,
                    Item::Flatten => all.flatten = true,
                }
            }
        }
        Ok(all)
    }

    /// The calls that add all of it to a `Spec`.
    pub(crate) fn decorate(&self, spec: TokenStream) -> TokenStream {
        let Self {
            docs,
            rename: _,
            default,
            options,
            examples,
            mapping,
            form,
            advanced,
            deprecated,
            flatten: _,
        } = self;
        let json = |value: &TokenStream| quote!(::forebay_sdk::serde_json::json!(#value));
        let mut spec = quote!(#spec.docs(#docs));
        if let Some(value) = default {
            let value = json(value);
            spec = quote!(#spec.default(#value));
        }
        if !options.is_empty() {
            spec = quote!(#spec.options(&[#(#options),*]));
        }
        for value in examples {
            let value = json(value);
            spec = quote!(#spec.example(#value));
        }
        if let Some(language) = mapping {
            spec = quote!(#spec.mapping(#language));
        }
        if let Some(form) = form {
            spec = quote!(#spec.form(#form));
        }
        if *advanced {
            spec = quote!(#spec.advanced());
        }
        if *deprecated {
            spec = quote!(#spec.deprecated());
        }
        spec
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        let text = name.to_string();
        match text.as_str() {
            "advanced" => return Ok(Self::Advanced),
            "deprecated" => return Ok(Self::Deprecated),
            "flatten" => return Ok(Self::Flatten),
            "options" => {
                let content;
                syn::parenthesized!(content in input);
                let options = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
                return Ok(Self::Options(options.into_iter().collect()));
            }
            _ => {}
        }
        input.parse::<Token![=]>()?;
        match text.as_str() {
            "rename" => input.parse().map(Self::Rename),
            "default" => json(input).map(Self::Default),
            "example" => json(input).map(Self::Example),
            "mapping" => input.parse().map(Self::Mapping),
            "form" => input.parse().map(Self::Form),
            _ => Err(syn::Error::new(name.span(), format!("unknown attribute {text}"))),
        }
    }
}

/// JSON: an object or an array in its brackets, or an expression.
fn json(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let next: TokenTree = input.fork().parse()?;
    match &next {
        TokenTree::Group(group) if group.delimiter() != Delimiter::Parenthesis => {
            input.parse::<TokenTree>().map(|tree| quote!(#tree))
        }
        TokenTree::Ident(ident) if ident == "null" => input.parse::<TokenTree>().map(|tree| quote!(#tree)),
        _ => input.parse::<Expr>().map(|value| quote!(#value)),
    }
}

/// The doc comment, without the space that every line starts with.
fn docs(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(meta) = &attribute.meta
            && meta.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &meta.value
        {
            let line = line.value();
            lines.push(line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}
