//! The client against brokers that do what a test says: they lose answers, lie about counts, move and ask for tokens.

#![cfg(test)]

mod addresses;
mod cluster;
mod fetching;
mod hostile;
mod logins;
mod producing;
mod server;
