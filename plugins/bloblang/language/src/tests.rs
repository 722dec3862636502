//! The language as a whole: what mappings, mutations, queries and interpolated text do.

mod corpus;
mod documents;
mod errors;
mod interpolation;
mod laws;
mod limits;
mod mappings;
mod mutations;
mod printing;
mod programs;
mod properties;
mod queries;
mod trees;
