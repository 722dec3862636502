//! Reaching for what is not granted. The host answers with an error, which is passed on.

use std::net::TcpStream;

use forebay_sdk::{Batch, Error, Processing, environment, files};

pub(crate) fn file() -> Result<Processing, Error> {
    files::open("/etc/hostname")?;
    Err(Error::new("opened a file"))
}

/// Opens a file that is granted, again and again, and keeps every stream.
pub(crate) fn many_files() -> Result<Processing, Error> {
    let mut open = Vec::new();
    loop {
        match files::open("/etc/passwd") {
            Ok(stream) => open.push(stream),
            Err(error) => return Err(Error::new(format!("after {} files: {error}", open.len()))),
        }
    }
}

pub(crate) fn folder() -> Result<Processing, Error> {
    let found = files::find("/etc/host*")?;
    Err(Error::new(format!("found {} files", found.len())))
}

/// A file that is not there must not be told from one that is.
pub(crate) fn missing_file() -> Result<Processing, Error> {
    let found = files::find("/etc/there-is-no-such-file")?;
    Err(Error::new(format!("found {} files", found.len())))
}

pub(crate) fn write_file() -> Result<Processing, Error> {
    files::append_to("/tmp/forebay-hostile")?;
    Err(Error::new("opened a file to write"))
}

pub(crate) fn variable() -> Result<Processing, Error> {
    let value = environment::get("PATH")?;
    Err(Error::new(format!("got {value:?}")))
}

/// A variable that never resolves, whatever is granted.
pub(crate) fn own_key() -> Result<Processing, Error> {
    let value = environment::get("AWS_SECRET_ACCESS_KEY")?;
    Err(Error::new(format!("got {value:?}")))
}

pub(crate) fn standard_input() -> Result<Processing, Error> {
    files::standard_input()?;
    Err(Error::new("took the standard input"))
}

pub(crate) fn standard_output() -> Result<Processing, Error> {
    files::standard_output()?;
    Err(Error::new("took the standard output"))
}

/// All that WASI would offer.
pub(crate) fn wasi() -> Processing {
    let files =
        ["/", "/etc/hostname", "."].into_iter().filter(|path| std::fs::File::open(path).is_ok()).count();
    let variables = std::env::vars().count();
    let arguments = std::env::args().count();
    let read = std::io::read_to_string(std::io::stdin()).map_or(0, |text| text.len());
    let connections = usize::from(TcpStream::connect("127.0.0.1:22").is_ok());
    let text = format!(
        "files {files}, variables {variables}, arguments {arguments}, read {read}, connections {connections}"
    );
    Batch::from_payloads([text]).into()
}
