//! Pulls that succeed, over a mirror.

use crate::support::{Site, archive, small_image};
use images::build::{self, File, ImageBuilder};
use images::compression::Compression;
use images::platform::Platform;
use images::pull::Response;
use images::store::Store;
use std::fs;
use std::io::{self, Cursor, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

#[test]
fn an_image_arrives_with_its_configuration_and_layers() {
    let site = Site::new();
    let image = small_image("hello:1")
        .layer([File::deleted("bin/old"), File::regular("etc/conf", 0o600, "x").owner(5, 6)])
        .cmd(&["--flag"])
        .env("A", "b")
        .configure(|config| {
            config.user = "5:6".to_owned();
            config.working_dir = "/srv".to_owned();
            config.stop_signal = "SIGINT".to_owned();
            config.volumes.insert("/data".to_owned(), serde_json::json!({}));
            config.exposed_ports.insert("80/tcp".to_owned(), serde_json::json!({}));
        });
    site.load(&image);
    let pulled = site.pull("hello:1").unwrap();
    assert_eq!(pulled.manifest_digest, site.mirror.list()[0].digest);
    let config = &pulled.config;
    assert_eq!(
        (config.entrypoint.as_slice(), config.cmd.as_slice()),
        (["/bin/hello".to_owned()].as_slice(), ["--flag".to_owned()].as_slice())
    );
    assert_eq!((config.env[0].as_str(), config.user.as_str(), config.working_dir.as_str()), ("A=b", "5:6", "/srv"));
    assert_eq!(config.stop_signal, "SIGINT");
    assert!(config.volumes.contains_key("/data") && config.exposed_ports.contains_key("80/tcp"));
    assert_eq!(fs::read_to_string(pulled.layers[0].join("bin/hello")).unwrap(), "hello");
    assert_eq!(fs::read_to_string(pulled.layers[1].join("etc/conf")).unwrap(), "x");
}

#[test]
fn layers_of_every_compression() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let site = Site::new();
        site.load(&small_image("hello:1").compression(compression));
        let image = site.pull("hello:1").unwrap();
        assert_eq!(fs::read_to_string(image.layers[0].join("bin/hello")).unwrap(), "hello");
    }
}

#[test]
fn gzip_of_several_members_is_read_to_its_end() {
    let mut compressed = Vec::new();
    for part in ["one", "two"] {
        let mut member = flate2::read::GzEncoder::new(part.as_bytes(), flate2::Compression::fast());
        member.read_to_end(&mut compressed).unwrap();
    }
    compressed.extend_from_slice(&[0; 100]);
    let mut text = String::new();
    images::compression::decoder(compressed.as_slice()).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "onetwo");
}

#[test]
fn an_index_gives_each_platform_its_image() {
    let site = Site::new();
    let image = |arch: &str| ImageBuilder::new(Platform::linux(arch)).layer([File::regular("arch", 0o644, arch)]);
    let mut tar = Vec::new();
    let arm = ImageBuilder::new(Platform { variant: Some("v8".to_owned()), ..Platform::linux("arm64") });
    let arm = arm.layer([File::regular("arch", 0o644, "arm64")]);
    build::write_index(Some("multi:1"), &[arm, image("amd64")], &mut tar).unwrap();
    site.mirror.load(tar.as_slice(), None).unwrap();
    for arch in ["amd64", "arm64"] {
        let pulled = site.pull_for("multi:1", &Platform::linux(arch)).unwrap();
        assert_eq!(fs::read_to_string(pulled.layers[0].join("arch")).unwrap(), arch);
    }
}

#[test]
fn a_single_image_of_another_architecture_is_pulled_all_the_same() {
    let site = Site::new();
    site.load(&small_image("hello:1"));
    assert_eq!(site.pull_for("hello:1", &Platform::linux("arm64")).unwrap().platform, Platform::linux("amd64"));
}

#[test]
fn what_is_here_is_not_downloaded_again_also_after_a_restart() {
    let mut site = Site::new();
    site.load(&small_image("hello:1"));
    let digest = site.pull("hello:1").unwrap().manifest_digest;
    assert_eq!((site.asked("/manifests/"), site.asked("/blobs/")), (2, 2));
    let dir = site.dir.path().join("store");
    site.store = {
        let other = site.dir.path().join("elsewhere");
        drop(std::mem::replace(&mut site.store, Store::open(&other, Default::default()).unwrap()));
        Store::open(&dir, Default::default()).unwrap()
    };
    site.pull("hello:1").unwrap();
    assert_eq!((site.asked("/manifests/"), site.asked("/blobs/")), (3, 2), "one question what the tag means");
    let image = site.store.image(&digest).unwrap().unwrap();
    assert_eq!((image.manifest_digest, image.config.entrypoint[0].as_str()), (digest, "/bin/hello"));
}

#[test]
fn images_share_layers() {
    let site = Site::new();
    site.load(&small_image("hello:1"));
    site.load(&small_image("hello:2").layer([File::regular("more", 0o644, "x")]));
    let (one, two) = (site.pull("hello:1").unwrap(), site.pull("hello:2").unwrap());
    assert_eq!(one.layers[0], two.layers[0]);
    assert_eq!(site.store.stats().unwrap().layers, 2);
}

#[test]
fn pulls_at_once_download_each_layer_once() {
    let site = Site::new();
    let image =
        (0..6).fold(small_image("hello:1"), |image, n| image.layer([File::regular("n", 0o644, format!("layer {n}"))]));
    site.load(&image);
    std::thread::scope(|scope| {
        let pulls: Vec<_> = (0..8).map(|_| scope.spawn(|| site.pull("hello:1").unwrap())).collect();
        let images: Vec<_> = pulls.into_iter().map(|pull| pull.join().unwrap()).collect();
        assert!(images.iter().all(|image| image.layers.len() == 7 && image.layers.iter().all(|layer| layer.is_dir())));
    });
    let requests = site.direct.requests.lock().unwrap();
    let mut layers: Vec<_> =
        requests.iter().filter(|request| request.path.contains("/blobs/")).map(|r| r.path.clone()).collect();
    let all = layers.len();
    layers.sort();
    layers.dedup();
    let configs = all - layers.len();
    assert!(layers.len() == 8 && configs <= 7, "7 layers once each; only the configuration may come for each pull");
}

#[test]
fn a_slow_registry_keeps_nobody_waiting_who_has_another() {
    let ((begun, begins), (go, gate)) = (channel(), channel::<()>());
    let (gate, blobs) = (Mutex::new(gate), AtomicUsize::new(0));
    let site = Site::new().fault(move |request, _, response| {
        let slow = request.registry == "slow.example" && request.path.contains("/blobs/");
        // The first is the configuration.
        if slow && blobs.fetch_add(1, Ordering::SeqCst) == 1 {
            begun.send(()).unwrap();
            gate.lock().unwrap().recv().unwrap_err();
        }
        Ok(response)
    });
    site.load(&small_image("hello:1"));
    site.load(&small_image("slow.example/hello:1"));
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| site.pull("slow.example/hello:1").unwrap());
        begins.recv().unwrap();
        site.pull("hello:1").unwrap();
        drop(go);
        assert_eq!(fs::read_to_string(slow.join().unwrap().layers[0].join("bin/hello")).unwrap(), "hello");
    });
    assert_eq!(site.layers_and_tmp(), 1);
}

#[test]
fn a_broken_connection_is_continued_where_it_broke() {
    let noise: Vec<u8> = (0..200_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let site = Site::new().fault(|request, _, response| {
        let layer = request.path.contains("/blobs/") && response.header("content-length").is_some_and(|n| n.len() > 5);
        if !layer {
            return Ok(response);
        }
        let rest = io::Read::take(response.body, 300_000);
        Ok(Response { body: Box::new(rest), ..response })
    });
    site.load(&ImageBuilder::new(Platform::linux("amd64")).name("big:1").layer([File::regular(
        "noise",
        0o644,
        noise.clone(),
    )]));
    let image = site.pull("big:1").unwrap();
    assert_eq!(fs::read(image.layers[0].join("noise")).unwrap(), noise);
    let requests = site.direct.requests.lock().unwrap();
    let ranges: Vec<_> = requests.iter().filter_map(|request| request.from).collect();
    assert_eq!(ranges, [300_000, 600_000]);
}

#[test]
fn a_registry_that_fails_for_a_moment_is_asked_again() {
    let site = Site::new().fault(|_, number, response| match number {
        1 => Err(io::Error::other("connection reset")),
        2 => Ok(Response { status: 503, headers: Vec::new(), body: Box::new(Cursor::new(Vec::new())) }),
        _ => Ok(response),
    });
    site.load(&small_image("hello:1"));
    site.pull("hello:1").unwrap();
}

#[test]
fn a_registry_without_digest_headers_and_ranges_will_do() {
    let site = Site::new().fault(|_, _, mut response| {
        response.headers.retain(|(name, _)| name != "docker-content-digest");
        Ok(response)
    });
    site.load(&small_image("hello:1"));
    site.pull("hello:1").unwrap();
}

#[test]
fn a_digest_pins_the_image() {
    let site = Site::new();
    site.load(&small_image("hello:1"));
    let digest = site.mirror.list()[0].digest.clone();
    let tar = archive(&small_image("hello:2").cmd(&["other"]));
    site.mirror.load(tar.as_slice(), None).unwrap();
    let image = site.pull(&format!("hello:2@{digest}")).unwrap();
    assert_eq!(image.manifest_digest, digest);
}
