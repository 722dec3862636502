use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Field, Fields, LitStr, Type};

use crate::attributes::Attributes;

/// The implementation of `Config` for a struct.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "a configuration is a struct"));
    };
    let container = Attributes::of(&input.attrs)?;
    let body = match &data.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            plain_value(&container, &fields.unnamed[0].ty)
        }
        Fields::Unnamed(fields) => {
            return Err(syn::Error::new_spanned(
                fields,
                "a configuration has one unnamed field, or named ones",
            ));
        }
        Fields::Named(fields) => object(&container, fields.named.iter())?,
        Fields::Unit => object(&container, [].iter())?,
    };
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::forebay_sdk::config::Config for #name #arguments #bounds {
            #body
        }
    })
}

/// A struct around a plain value.
fn plain_value(container: &Attributes, inner: &Type) -> TokenStream {
    let spec = container.decorate(quote!(<#inner as ::forebay_sdk::config::Config>::spec()));
    quote! {
        const OPTIONAL: bool = <#inner as ::forebay_sdk::config::Config>::OPTIONAL;

        fn spec() -> ::forebay_sdk::config::Spec {
            #spec
        }

        fn parse(
            value: &::forebay_sdk::serde_json::Value,
            at: &::forebay_sdk::config::Pointer<'_>,
        ) -> ::core::result::Result<Self, ::forebay_sdk::Problem> {
            <#inner as ::forebay_sdk::config::Config>::parse(value, at).map(Self)
        }
    }
}

fn object<'a>(container: &Attributes, fields: impl Iterator<Item = &'a Field>) -> syn::Result<TokenStream> {
    let mut specs = Vec::new();
    let mut reads = Vec::new();
    for field in fields {
        let attributes = Attributes::of(&field.attrs)?;
        let Some(ident) = &field.ident else { continue };
        let name = attributes
            .rename
            .clone()
            .unwrap_or_else(|| LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span()));
        let kind = &field.ty;
        if attributes.flatten {
            specs.push(quote!(<#kind as ::forebay_sdk::config::Config>::spec().into_fields()));
            reads.push(quote!(#ident: <#kind as ::forebay_sdk::config::Config>::parse(value, at)?));
            continue;
        }
        let spec = attributes.decorate(quote!(<#kind as ::forebay_sdk::config::Config>::spec().named(#name)));
        specs.push(quote!(::std::vec![#spec]));
        reads.push(read(&attributes, field, &name));
    }
    let spec = container.decorate(quote!(::forebay_sdk::config::Spec::object(groups.concat())));
    Ok(quote! {
        fn spec() -> ::forebay_sdk::config::Spec {
            let groups: ::std::vec::Vec<::std::vec::Vec<::forebay_sdk::config::Spec>> = ::std::vec![#(#specs),*];
            #spec
        }

        fn parse(
            value: &::forebay_sdk::serde_json::Value,
            at: &::forebay_sdk::config::Pointer<'_>,
        ) -> ::core::result::Result<Self, ::forebay_sdk::Problem> {
            let fields = ::forebay_sdk::config::Fields::of(value, at)?;
            ::core::result::Result::Ok(Self { #(#reads),* })
        }
    })
}

/// How a field is read, as `field: value`.
fn read(attributes: &Attributes, field: &Field, name: &LitStr) -> TokenStream {
    let ident = &field.ident;
    let value = match &attributes.default {
        Some(default) => quote!(fields.get_or(#name, || ::forebay_sdk::serde_json::json!(#default))?),
        None => quote!(fields.get(#name)?),
    };
    let options = &attributes.options;
    if options.is_empty() {
        return quote!(#ident: #value);
    }
    quote!(#ident: { fields.check_options(#name, &[#(#options),*])?; #value })
}
