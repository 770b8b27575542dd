//! A hub of our own: speaks as much of the hub's API as its clients use, and misbehaves on demand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// The repository that it serves.
pub(crate) const REPO: &str = "somebody/tiny";
/// Its only commit.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// One way to misbehave.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The listing is answered with this status (and these seconds to wait), so many times.
    Listing {
        status: u16,
        after: Option<u64>,
        times: u32,
    },
    /// A file is answered with this status, so many times.
    File { status: u16, times: u32 },
    /// The connection is cut after so many bytes of a body, so many times.
    Cut { bytes: usize, times: u32 },
    /// After so many bytes of a body nothing more comes, but the connection stays open.
    Stall { bytes: usize },
    /// The bytes that come are not those that are listed.
    WrongBytes,
    /// What is asked for from the middle is sent from the start.
    IgnoreRange,
    /// Nothing is ever answered.
    Hang,
    /// The listing is answered, files never are.
    HangFiles,
    /// The listing is a page for people.
    Html,
    /// A redirect to nowhere.
    NoLocation,
    /// This stands in the ETag.
    Etag(&'static str),
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, (Vec<u8>, bool)>,
    faults: Vec<Fault>,
    token: Option<String>,
    log: Vec<String>,
}

/// A running hub; it ends with the test's process.
pub(crate) struct Hub {
    /// What HF_ENDPOINT is set to.
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Hub {
    /// A hub with no files, on a port of its own.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, own) = (Arc::clone(&state), endpoint.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, endpoint) = (Arc::clone(&shared), own.clone());
                // A client that goes away in the middle is what some tests are about.
                std::thread::spawn(move || answer(stream, &state, &endpoint).ok());
            }
        });
        Self { endpoint, state }
    }

    /// Adds a file that the hub keeps as a large one: by redirect, with its SHA-256 as ETag.
    pub(crate) fn large(self, path: &str, bytes: &[u8]) -> Self {
        self.state
            .lock()
            .unwrap()
            .files
            .insert(path.to_owned(), (bytes.to_vec(), true));
        self
    }

    /// Adds a file that lies in the repository itself.
    pub(crate) fn small(self, path: &str, bytes: &[u8]) -> Self {
        self.state
            .lock()
            .unwrap()
            .files
            .insert(path.to_owned(), (bytes.to_vec(), false));
        self
    }

    /// Asks everybody for this token.
    pub(crate) fn gated(self, token: &str) -> Self {
        self.state.lock().unwrap().token = Some(token.to_owned());
        self
    }

    /// Misbehaves from now on.
    pub(crate) fn fault(self, fault: Fault) -> Self {
        self.state.lock().unwrap().faults.push(fault);
        self
    }

    /// Behaves from now on.
    pub(crate) fn mend(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// Every request so far: `LIST`, `META path`, `BODY path from N`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// The requests for bodies so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.log()
            .into_iter()
            .filter(|line| line.starts_with("BODY"))
            .collect()
    }
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Bytes that do not repeat soon and do not compress.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

struct Request {
    path: String,
    headers: BTreeMap<String, String>,
}

fn read_request(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split_whitespace().nth(1).unwrap_or("/").to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => return Ok(Request { path, headers }),
        };
    }
}

fn send(mut stream: &TcpStream, status: u16, headers: &[(&str, String)], body: &[u8]) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Content-Length") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

/// Takes one use of the first fault that `pick` wants.
fn spend<T>(state: &Mutex<State>, pick: impl Fn(&mut Fault) -> Option<T>) -> Option<T> {
    state.lock().unwrap().faults.iter_mut().find_map(pick)
}

fn once(times: &mut u32) -> Option<()> {
    *times = times.checked_sub(1)?;
    Some(())
}

fn answer(stream: TcpStream, state: &Mutex<State>, endpoint: &str) -> std::io::Result<()> {
    let request = read_request(&stream)?;
    if spend(state, |fault| matches!(fault, Fault::Hang).then_some(())).is_some() {
        std::thread::sleep(Duration::from_secs(600));
        return Ok(());
    }
    let token = state.lock().unwrap().token.clone();
    let given = request.headers.get("authorization").cloned();
    let is_cdn = request.path.starts_with("/cdn/");
    if token.is_some_and(|token| given != Some(format!("Bearer {token}"))) && !is_cdn {
        return send(&stream, 401, &[], b"Access to this repository is restricted");
    }
    let path = request.path.split('?').next().unwrap_or_default();
    if path == format!("/api/models/{REPO}/revision/main") {
        return list(&stream, state);
    }
    if let Some(path) = path.strip_prefix(&format!("/{REPO}/resolve/{COMMIT}/")) {
        return resolve(&stream, state, &request, endpoint, path);
    }
    match path.strip_prefix("/cdn/") {
        Some(path) => file(&stream, state, &request, path, &[]),
        None => send(&stream, 404, &[], b"Not found"),
    }
}

fn list(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    state.lock().unwrap().log.push("LIST".to_owned());
    let refusal = spend(state, |fault| match fault {
        Fault::Listing { status, after, times } => once(times).map(|()| (*status, *after)),
        _ => None,
    });
    if let Some((status, after)) = refusal {
        let headers: Vec<_> = after
            .iter()
            .map(|seconds| ("Retry-After", seconds.to_string()))
            .collect();
        return send(stream, status, &headers, b"");
    }
    if spend(state, |fault| matches!(fault, Fault::Html).then_some(())).is_some() {
        return send(stream, 200, &[], b"<html>Please sign in to the network</html>");
    }
    let state = state.lock().unwrap();
    let siblings: Vec<_> = state
        .files
        .iter()
        .map(|(path, (bytes, large))| {
            let mut entry = serde_json::json!({"rfilename": path, "size": bytes.len(), "blobId": "0"});
            if *large {
                entry["lfs"] =
                    serde_json::json!({"sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 1});
            }
            entry
        })
        .collect();
    let body = serde_json::json!({"id": REPO, "sha": COMMIT, "siblings": siblings}).to_string();
    send(
        stream,
        200,
        &[("Content-Type", "application/json".to_owned())],
        body.as_bytes(),
    )
}

fn resolve(
    stream: &TcpStream,
    state: &Mutex<State>,
    request: &Request,
    endpoint: &str,
    path: &str,
) -> std::io::Result<()> {
    if spend(state, |fault| matches!(fault, Fault::HangFiles).then_some(())).is_some() {
        std::thread::sleep(Duration::from_secs(600));
    }
    let found = state.lock().unwrap().files.get(path).cloned();
    let Some((bytes, large)) = found else {
        return send(stream, 404, &[], b"Entry not found");
    };
    let refusal = spend(state, |fault| match fault {
        Fault::File { status, times } => once(times).map(|()| *status),
        _ => None,
    });
    if let Some(status) = refusal {
        return send(stream, status, &[], b"");
    }
    let odd = spend(state, |fault| match fault {
        Fault::Etag(etag) => Some((*etag).to_owned()),
        _ => None,
    });
    let commit = ("x-repo-commit", COMMIT.to_owned());
    if !large {
        let etag = odd.unwrap_or_else(|| sha256(&bytes)[..40].to_owned());
        return file(
            stream,
            state,
            request,
            path,
            &[commit, ("ETag", format!("\"{etag}\""))],
        );
    }
    let etag = odd.unwrap_or_else(|| sha256(&bytes));
    let mut headers = vec![commit, ("x-linked-etag", format!("\"{etag}\""))];
    if spend(state, |fault| matches!(fault, Fault::NoLocation).then_some(())).is_none() {
        headers.push(("Location", format!("{endpoint}/cdn/{path}")));
    }
    send(stream, 302, &headers, b"")
}

fn file(
    stream: &TcpStream,
    state: &Mutex<State>,
    request: &Request,
    path: &str,
    extra: &[(&str, String)],
) -> std::io::Result<()> {
    let Some((mut bytes, _)) = state.lock().unwrap().files.get(path).cloned() else {
        return send(stream, 404, &[], b"");
    };
    let range = request
        .headers
        .get("range")
        .and_then(|range| range.strip_prefix("bytes="))
        .unwrap_or("0-");
    let total = bytes.len();
    if range == "0-0" {
        state.lock().unwrap().log.push(format!("META {path}"));
        let mut headers = extra.to_vec();
        headers.push(("Content-Range", format!("bytes 0-0/{total}")));
        return send(stream, 206, &headers, &bytes[..1]);
    }
    let mut start: usize = range.trim_end_matches('-').parse().unwrap();
    state
        .lock()
        .unwrap()
        .log
        .push(format!("BODY {path} from {start}"));
    if start >= total {
        return send(stream, 416, &[("Content-Range", format!("bytes */{total}"))], b"");
    }
    if spend(state, |fault| matches!(fault, Fault::WrongBytes).then_some(())).is_some() {
        bytes[total / 2] ^= 1;
    }
    let mut status = 206;
    if spend(state, |fault| matches!(fault, Fault::IgnoreRange).then_some(())).is_some() {
        (start, status) = (0, 200);
    }
    let mut headers = extra.to_vec();
    headers.push(("Content-Length", (total - start).to_string()));
    headers.push(("Content-Range", format!("bytes {start}-{}/{total}", total - 1)));
    let cut = spend(state, |fault| match fault {
        Fault::Cut { bytes, times } => once(times).map(|()| (*bytes, false)),
        Fault::Stall { bytes } => Some((*bytes, true)),
        _ => None,
    });
    let Some((length, hold)) = cut else {
        return send(stream, status, &headers, &bytes[start..]);
    };
    send(
        stream,
        status,
        &headers,
        &bytes[start..(start + length).min(total)],
    )?;
    if hold {
        // Until the client goes away.
        let _ = (&*stream).read(&mut [0]);
    }
    Ok(())
}
