#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::print_stdout, reason = "says why a test does nothing")]

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server on a free port of this machine, ended when this is dropped.
pub(crate) struct Server {
    process: Child,
    /// Address and port.
    pub address: String,
}

impl Server {
    pub(crate) fn moto() -> Option<Self> {
        let program = std::env::var_os("FOREBAY_MOTO_SERVER");
        let mut command = Command::new(program.unwrap_or_else(|| installed("moto/bin/moto_server")));
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let server =
            Self::start(command, "Running on http://", |process| Box::new(process.stderr.take().unwrap()))?;
        Some(server)
    }

    pub(crate) fn azurite() -> Option<Self> {
        let program = std::env::var_os("FOREBAY_AZURITE");
        let program =
            program.unwrap_or_else(|| installed("azurite/node_modules/azurite/dist/src/blob/main.js"));
        if !Path::new(&program).exists() {
            println!("not tested, since there is no {}", program.display());
            return None;
        }
        let mut command = Command::new("node");
        command.arg(program).args(["--blobHost", "127.0.0.1", "--blobPort", "0"]);
        command.args(["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        Self::start(command, "successfully listens on http://", |process| {
            Box::new(process.stdout.take().unwrap())
        })
    }

    fn start(
        mut command: Command,
        sign: &str,
        output: impl FnOnce(&mut Child) -> Box<dyn Read + Send>,
    ) -> Option<Self> {
        let mut process = match command.spawn() {
            Ok(process) => process,
            Err(error) => {
                println!("not tested, since there is no {}: {error}", command.get_program().display());
                return None;
            }
        };
        let mut lines = BufReader::new(output(&mut process)).lines();
        let address =
            lines.find_map(|line| line.ok()?.split_once(sign).map(|(_, address)| address.trim().to_owned()));
        // It writes a line for each request: somebody must read them.
        std::thread::spawn(move || lines.count());
        Some(Self { process, address: address.expect("the server ended before it listened") })
    }

    /// A bucket, as S3 has it made by anybody here.
    pub(crate) fn make_bucket(&self, name: &str) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "PUT /{name} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        );
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `cargo xtask setup` has put into the target directory.
fn installed(path: &str) -> OsString {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    target.parent().unwrap().join("languages").join(path).into()
}
