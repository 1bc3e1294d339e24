//! Archives written by hand, and a transport straight to a mirror.

use images::answer::Body;
use images::build::ImageBuilder;
use images::mirror::{Mirror, registry};
use images::platform::Platform;
use images::pull::{Bounds, Method, PullError, Request, Response, Transport};
use images::reference::Reference;
use images::store::{Image, Options, Store};
use images::unpack::{self, Limits, Unpacked};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A tar made entry by entry, with nothing checked.
#[derive(Default, Clone)]
pub struct Tar(pub Vec<u8>);

impl Tar {
    /// Adds an entry with a header that `change` had its way with.
    pub fn raw(mut self, path: &[u8], kind: u8, content: &[u8], change: impl FnOnce(&mut tar::Header)) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_000_000_000);
        header.set_size(content.len() as u64);
        header.as_mut_bytes()[..path.len()].copy_from_slice(path);
        header.as_mut_bytes()[156] = kind;
        change(&mut header);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, path: &str, content: &[u8]) -> Self {
        self.raw(path.as_bytes(), b'0', content, |_| {})
    }

    pub fn dir(self, path: &str) -> Self {
        self.raw(path.as_bytes(), b'5', b"", |header| header.set_mode(0o755))
    }

    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.raw(path.as_bytes(), b'2', b"", |header| header.set_link_name_literal(target).unwrap())
    }

    pub fn hardlink(self, path: &str, target: &str) -> Self {
        self.raw(path.as_bytes(), b'1', b"", |header| header.set_link_name_literal(target).unwrap())
    }

    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut content = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (rest + 1..).find(|length| length.to_string().len() + rest == *length).unwrap();
            content.extend_from_slice(format!("{length} {key}=").as_bytes());
            content.extend_from_slice(value);
            content.push(b'\n');
        }
        self.raw(b"pax", b'x', &content, |_| {})
    }

    /// With the end marker.
    pub fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

pub fn unpack_into(dir: &Path, tar: &[u8], limits: &Limits) -> Result<Unpacked, unpack::Error> {
    unpack::unpack(tar, OwnedFd::from(File::open(dir).unwrap()), limits)
}

/// Unpacks into a new directory.
pub fn unpacked(tar: &[u8]) -> TempDir {
    let dir = TempDir::new().unwrap();
    unpack_into(dir.path(), tar, &Limits::default()).unwrap();
    dir
}

/// The error of unpacking, as text.
pub fn refusal(tar: &[u8]) -> String {
    let dir = TempDir::new().unwrap();
    unpack_into(dir.path(), tar, &Limits::default()).unwrap_err().to_string()
}

/// What a test does to an answer before it arrives.
pub type Fault = dyn Fn(&Request, usize, Response) -> io::Result<Response> + Send + Sync;

/// Answers from a mirror, as the server would send them.
pub struct Direct {
    pub mirror: Arc<Mirror>,
    pub requests: Mutex<Vec<Request>>,
    pub fault: Option<Box<Fault>>,
}

impl Transport for Direct {
    fn send(&self, request: &Request) -> io::Result<Response> {
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len()
        };
        let method = if request.method == Method::Head { "HEAD" } else { "GET" };
        let header = |name: &str| match name {
            "accept" if !request.accept.is_empty() => Some(request.accept.join(", ")),
            "range" => request.from.map(|from| format!("bytes={from}-")),
            _ => None,
        };
        let answer = registry::answer(&self.mirror, method, &request.mirror_path(), &header)?;
        let body: Box<dyn Read + Send> = match answer.body {
            Body::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Body::File { mut file, offset, length } => {
                file.seek(SeekFrom::Start(offset))?;
                Box::new(file.take(length))
            }
        };
        let headers = answer.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let response = Response { status: answer.status, headers, body };
        match &self.fault {
            Some(fault) => fault(request, number, response),
            None => Ok(response),
        }
    }
}

/// A mirror, a store and a way between, in a directory that goes at the end.
pub struct Site {
    pub dir: TempDir,
    pub mirror: Arc<Mirror>,
    pub store: Arc<Store>,
    pub direct: Direct,
    /// Bytes that an image may unpack to.
    pub room: u64,
}

impl Site {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let dir = TempDir::new().unwrap();
        let mirror = Arc::new(Mirror::open(&dir.path().join("mirror")).unwrap());
        let store = Store::open(&dir.path().join("store"), options).unwrap();
        let direct = Direct { mirror: Arc::clone(&mirror), requests: Mutex::default(), fault: None };
        Self { dir, mirror, store, direct, room: u64::MAX }
    }

    pub fn fault(
        mut self,
        fault: impl Fn(&Request, usize, Response) -> io::Result<Response> + Send + Sync + 'static,
    ) -> Self {
        self.direct.fault = Some(Box::new(fault));
        self
    }

    pub fn load(&self, image: &ImageBuilder) {
        self.mirror.load(archive(image).as_slice(), None).unwrap();
    }

    pub fn pull(&self, name: &str) -> Result<Image, PullError> {
        self.pull_for(name, &Platform::linux("amd64"))
    }

    pub fn pull_for(&self, name: &str, platform: &Platform) -> Result<Image, PullError> {
        let bounds = Bounds { pause: Duration::ZERO, room: self.room, ..Bounds::default() };
        images::pull::pull(&self.store, &self.direct, &Reference::parse(name).unwrap(), platform, &bounds)
    }

    /// What is in the store's `tmp` and `layers`.
    pub fn layers_and_tmp(&self) -> usize {
        let count = |part: &str| std::fs::read_dir(self.dir.path().join("store").join(part)).unwrap().count();
        count("layers") + count("tmp")
    }

    pub fn asked(&self, part: &str) -> usize {
        self.direct.requests.lock().unwrap().iter().filter(|request| request.path.contains(part)).count()
    }
}

pub fn archive(image: &ImageBuilder) -> Vec<u8> {
    let mut tar = Vec::new();
    image.write(&mut tar).unwrap();
    tar
}

pub fn small_image(name: &str) -> ImageBuilder {
    ImageBuilder::new(Platform::linux("amd64"))
        .name(name)
        .layer([images::build::File::regular("bin/hello", 0o755, "hello")])
        .entrypoint(&["/bin/hello"])
}
