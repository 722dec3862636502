use std::time::Duration;

use forebay_sdk::Config;

/// Connections are the host's, and shared by all that might have made the same: these are read, and
/// change nothing.
#[derive(Config)]
#[expect(dead_code, reason = "connections are the host's")]
pub(super) struct TransportFields {
    /// How connections are opened.
    #[config(default = {}, advanced)]
    dial_context: DialFields,
    /// Whether HTTP/2 is offered over TLS. It is.
    #[config(default = true, advanced)]
    force_http2: bool,
    /// How many unused connections are kept.
    #[config(default = 100, advanced)]
    max_idle_connections: i64,
    /// For how long. It is one minute.
    #[config(default = "90s", advanced)]
    idle_connection_timeout: Duration,
    /// How long a handshake may take; `timeout` bounds it.
    #[config(default = "10s", advanced)]
    tls_handshake_timeout: Duration,
    /// How long to wait before a body is sent that was announced. None is announced.
    #[config(default = "1s", advanced)]
    expect_continue_timeout: Duration,
}

#[derive(Config)]
#[expect(dead_code, reason = "connections are the host's")]
struct DialFields {
    /// How long it may take; `timeout` bounds it.
    #[config(default = "30s", advanced)]
    timeout: Duration,
    /// How often a silent connection is probed.
    #[config(default = "30s", advanced)]
    keep_alive: Duration,
}
