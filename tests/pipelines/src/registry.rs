use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// The name of the manifest that was put last, which is asked for by its digest.
const LAST_MANIFEST: &str = "manifest";

/// A registry on loopback that takes everything and gives it back; its host and port. It ends with the process.
///
/// # Panics
/// When there is no port for it.
#[must_use]
pub fn registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let host = listener.local_addr().expect("it is bound").to_string();
    std::thread::spawn(move || {
        let mut kept = HashMap::new();
        for stream in listener.incoming().flatten() {
            // A client that goes away in the middle is its own affair.
            let _ = answer(stream, &mut kept);
        }
    });
    host
}

/// Answers one request. What is put is kept by the last part of its path, or by its digest.
fn answer(mut stream: TcpStream, kept: &mut HashMap<String, Vec<u8>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let length = lines.iter().filter_map(|line| line.split_once(':'));
    let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.next().and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (method, path) = lines.first().and_then(|line| line.split_once(' ')).unwrap_or_default();
    let path = path.split(' ').next().unwrap_or_default().replace("%3A", ":");
    let (status, headers, body) = match method {
        "POST" => ("202 Accepted", format!("location: {path}1\r\n"), Vec::new()),
        "PUT" => {
            let name = path.split("digest=").nth(1).or(path.rsplit('/').next()).unwrap_or_default();
            if path.contains("/manifests/") {
                kept.insert(LAST_MANIFEST.to_owned(), body.clone());
            }
            kept.insert(name.to_owned(), body);
            ("201 Created", String::new(), Vec::new())
        }
        // Whether it is the right one is for the client to see.
        _ if path.contains("/manifests/sha256:") => match kept.get(LAST_MANIFEST) {
            Some(found) => ("200 OK", String::new(), found.clone()),
            None => ("404 Not Found", String::new(), Vec::new()),
        },
        _ => match path.rsplit('/').next().and_then(|name| kept.get(name)) {
            Some(found) => ("200 OK", String::new(), found.clone()),
            None => ("404 Not Found", String::new(), Vec::new()),
        },
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n")?;
    if method != "HEAD" {
        stream.write_all(&body)?;
    }
    Ok(())
}
