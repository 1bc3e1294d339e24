//! Times a pull of an image made from a directory's files: `pull_speed [DIR] [MEGABYTES] [LAYERS]`.
//!
//! Run it optimised: `cargo run --release -p images --example pull_speed -- /usr 190 4`.

use images::answer::Body;
use images::build::{File, ImageBuilder};
use images::mirror::{Mirror, registry};
use images::platform::Platform;
use images::pull::{Bounds, Method, Request, Response, Transport, pull};
use images::reference::Reference;
use images::store::Store;
use std::error::Error;
use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Instant;

struct Direct(Mirror);

impl Transport for Direct {
    fn send(&self, request: &Request) -> io::Result<Response> {
        let method = if request.method == Method::Head { "HEAD" } else { "GET" };
        let answer = registry::answer(&self.0, method, &request.mirror_path(), &|_| None)?;
        let body: Box<dyn Read + Send> = match answer.body {
            Body::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Body::File { mut file, offset, length } => {
                file.seek(SeekFrom::Start(offset))?;
                Box::new(file.take(length))
            }
        };
        let headers = answer.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Response { status: answer.status, headers, body })
    }
}

/// Regular files below `dir`, up to `bytes` in all.
fn collect(dir: &Path, bytes: &mut u64, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            collect(&entry.path(), bytes, found)?;
        } else if metadata.is_file() && metadata.len() <= (*bytes).min(20 << 20) {
            *bytes -= metadata.len();
            found.push(entry.path());
        }
    }
    Ok(())
}

/// CPU seconds this process has used (proc(5), `/proc/pid/stat`, fields 14 and 15, in hundredths).
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().unwrap_or_else(|| "/usr".to_owned());
    let megabytes: u64 = arguments.next().map_or(Ok(190), |n| n.parse())?;
    let layers: usize = arguments.next().map_or(Ok(4), |n| n.parse())?;
    let mut found = Vec::new();
    collect(Path::new(&dir), &mut (megabytes << 20), &mut found)?;
    let mut image = ImageBuilder::new(Platform::linux("amd64")).name("speed:1");
    for part in found.chunks(found.len().div_ceil(layers.max(1)).max(1)) {
        let file =
            |path: &PathBuf| Ok(File::regular(path.to_string_lossy().trim_start_matches('/'), 0o755, fs::read(path)?));
        image = image.layer(part.iter().map(file).collect::<io::Result<Vec<_>>>()?);
    }
    let scratch = std::env::temp_dir().join(format!("pull_speed.{}", std::process::id()));
    let result = run(&scratch, &image, found.len());
    fs::remove_dir_all(&scratch)?;
    result
}

fn run(scratch: &Path, image: &ImageBuilder, files: usize) -> Result<(), Box<dyn Error>> {
    let mut archive = Vec::new();
    image.write(&mut archive)?;
    let direct = Direct(Mirror::open(&scratch.join("mirror"))?);
    let start = Instant::now();
    let loaded = direct.0.load(archive.as_slice(), None)?;
    println!(
        "load      {:>7.3} s, {files} files, {:.1} MB compressed",
        start.elapsed().as_secs_f64(),
        loaded[0].bytes as f64 / 1e6
    );
    let (reference, platform) = (Reference::parse("speed:1")?, Platform::linux("amd64"));
    for round in 0..3 {
        let store = Store::open(&scratch.join(format!("store{round}")), Default::default())?;
        let (start, before) = (Instant::now(), cpu_seconds());
        let pulled = pull(&store, &direct, &reference, &platform, &Bounds::default())?;
        let first = start.elapsed();
        let cpu = cpu_seconds() - before;
        let start = Instant::now();
        drop(pull(&store, &direct, &reference, &platform, &Bounds::default())?);
        let bytes = store.stats()?.layer_bytes as f64 / 1e6;
        println!(
            "pull      {:>7.3} s ({cpu:.2} s CPU), {} layers, {bytes:.1} MB unpacked; again {:.6} s",
            first.as_secs_f64(),
            pulled.layers.len(),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
