//! Clients that ask for a page over and over, as long as they are let, and count what became of it.

use crate::cli::Failure;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Clients: half of them keep their connection, the others make one for each request.
pub const CLIENTS: usize = 6;
/// How long each waits before it asks again.
const PAUSE: Duration = Duration::from_millis(10);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is told how it goes.
const TOLD: Duration = Duration::from_millis(100);

/// How it goes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Requests whose outcome is known.
    pub sent: u64,
    /// Those that were not answered with a page (200).
    pub failed: u64,
    /// What became of the last that failed.
    pub why: Option<String>,
    /// Whether these are the last counts.
    pub over: bool,
}

/// What a file says of it.
pub fn read(file: &Path) -> Counts {
    fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The file that ends it by being there.
pub fn end(file: &Path) -> std::path::PathBuf {
    file.with_extension("end")
}

/// Asks until there is a file that ends it, and writes how it goes to another.
pub fn run(host: &str, file: &Path) -> Result<(), Failure> {
    let (counts, over) = (Mutex::new(Counts::default()), AtomicBool::new(false));
    let tell = |is_over: bool| -> io::Result<()> {
        let counts = Counts { over: is_over, ..counts.lock().map_or_else(|_| Counts::default(), |held| held.clone()) };
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec(&counts)?)?;
        fs::rename(new, file)
    };
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (counts, over) = (&counts, &over);
            scope.spawn(move || ask(host, client % 2 == 0, counts, over));
        }
        while !end(file).exists() {
            // What can't be told now is told the next time.
            let _ = tell(false);
            thread::sleep(TOLD);
        }
        over.store(true, Ordering::Relaxed);
    });
    Ok(tell(true)?)
}

fn ask(host: &str, keeps: bool, counts: &Mutex<Counts>, over: &AtomicBool) {
    let mut kept = None;
    while !over.load(Ordering::Relaxed) {
        let outcome = once(host, keeps, &mut kept);
        if let Ok(mut counts) = counts.lock() {
            counts.sent += 1;
            if let Err(error) = outcome {
                counts.failed += 1;
                counts.why = Some(error.to_string());
            }
        }
        thread::sleep(PAUSE);
    }
}

/// One request; its connection is kept if both sides want that.
fn once(host: &str, keeps: bool, kept: &mut Option<BufReader<TcpStream>>) -> io::Result<()> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect((host, 80))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            BufReader::new(stream)
        }
    };
    let connection = if keeps { "keep-alive" } else { "close" };
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes())?;
    let (mut line, mut head) = (String::new(), Vec::new());
    while stream.read_line(&mut line)? > 2 {
        head.push(std::mem::take(&mut line).trim_end().to_ascii_lowercase());
    }
    let value = |name: &str| head.iter().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let status = head.first().cloned().unwrap_or_default();
    if !status.starts_with("http/1.1 200 ") {
        return Err(io::Error::other(if status.is_empty() { "no answer".to_owned() } else { status }));
    }
    let length = value("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    (&mut stream).take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length || length == 0 {
        return Err(io::Error::other("half a page"));
    }
    if keeps && value("connection:") != Some("close") {
        *kept = Some(stream);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("load");
        assert_eq!(read(&file).sent, 0);
        fs::write(&file, r#"{"sent":3,"failed":1,"why":"no answer","over":true}"#).unwrap();
        let counts = read(&file);
        assert_eq!((counts.sent, counts.failed, counts.over), (3, 1, true));
    }
}
